namespace AgentRag.Models.Extractive;

/// <summary>Answers a single-hop question from passages: by a known relation first, else by weighing spans.</summary>
internal static class Reader
{
    /// <summary>The least confidence with which something is given as an answer.</summary>
    public const double LeastConfidence = 0.4;

    /// <summary>The answer; null when the passages do not hold it.</summary>
    public static Finding? Answer(string question, IReadOnlyList<PassageText> passages)
    {
        var query = new Query(question);
        var related = query.Relation is { } relation ? RelationReader.Read(query, relation, passages) : null;
        if (related is { Confidence: >= 0.5 })
        {
            return related;
        }

        if (query.Kind == AnswerKind.Phrase && Occupation(query, passages) is { } occupation)
        {
            return occupation;
        }

        var read = query.Kind == AnswerKind.YesNo ? YesNo.Answer(query, passages) : new SpanReader(query, passages).Read();
        var best = read is null || related?.Confidence > read.Confidence ? related : read;
        return best?.Confidence >= LeastConfidence ? best : null;
    }

    private static Finding? Occupation(Query query, IReadOnlyList<PassageText> passages) =>
        query.HeadNoun is "profession" or "occupation"
            ? passages.Where(p => p.Definition is not null && query.NameKeys.Any(key => p.IsAbout(key) >= 0.5))
                .Select(p => new Finding(p.Definition!.Noun, [p.Number], 0.8))
                .FirstOrDefault()
            : null;
}
