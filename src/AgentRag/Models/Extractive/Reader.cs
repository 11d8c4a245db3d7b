namespace AgentRag.Models.Extractive;

/// <summary>Answers a single-hop question from passages: by a known relation first, else by weighing spans.</summary>
internal static class Reader
{
    /// <summary>The least confidence with which something is given as an answer.</summary>
    public const double LeastConfidence = 0.4;

    /// <summary>Opens a sub-query that asks for no more than what a thing is.</summary>
    public const string KnownAbout = "What is known about ";

    /// <summary>The answer; null when the passages do not hold it.</summary>
    public static Finding? Answer(string question, IReadOnlyList<PassageText> passages)
    {
        var query = new Query(question);
        var finding = question.StartsWith(KnownAbout, StringComparison.Ordinal) ? Defined(query, passages) : Best(query, passages);
        return query.HeadNoun == "year" && finding is not null && Dates.Order(finding.Answer) is { } date
            ? finding with { Answer = $"{date / 10_000}" }
            : finding;
    }

    private static Finding? Best(Query query, IReadOnlyList<PassageText> passages)
    {
        var related = query.Relation is { } relation ? RelationReader.Read(query, relation, passages) : null;
        if (related is { Confidence: >= 0.5 })
        {
            return related;
        }

        if (query.Kind == AnswerKind.Country && Countries.Read(query, passages) is { } country)
        {
            return country;
        }

        if (query.Kind == AnswerKind.Phrase && Occupation(query, passages) is { } occupation)
        {
            return occupation;
        }

        var read = query.Kind == AnswerKind.YesNo ? YesNo.Answer(query, passages) : new SpanReader(query, passages).Read();
        var best = read is null || related?.Confidence > read.Confidence ? related : read;
        return best?.Confidence >= LeastConfidence ? best : null;
    }

    private static Finding? Defined(Query query, IReadOnlyList<PassageText> passages) =>
        passages.Where(p => p.Definition is not null && query.NameKeys.Any(key => p.IsAbout(key) >= 0.5))
            .Select(p => new Finding(p.Definition!.Phrase.TextIn(p.Definition.Sentence.Tokens), [p.Number], 0.8))
            .FirstOrDefault();

    private static Finding? Occupation(Query query, IReadOnlyList<PassageText> passages) =>
        query.HeadNoun is "profession" or "occupation"
            ? passages.Where(p => p.Definition is not null && query.NameKeys.Any(key => p.IsAbout(key) >= 0.5))
                .Select(p => new Finding(p.Definition!.Noun, [p.Number], 0.8))
                .FirstOrDefault()
            : null;
}
