namespace AgentRag.Models.Extractive;

/// <summary>Answers "Is X a Y?": yes when the passages about each named thing say so.</summary>
internal static class YesNo
{
    public static Finding? Answer(Query query, IReadOnlyList<PassageText> passages)
    {
        var named = query.NameKeys
            .Select(key => (Key: key, Passage: passages.Where(p => p.IsAbout(key) >= 0.5).MaxBy(p => p.IsAbout(key))))
            .Where(pair => pair.Passage is not null)
            .ToList();
        if (named.Count == 0)
        {
            return null;
        }

        var nameStems = query.Names.Where(name => !Demonyms.IsKnown(Words.Key(name))).SelectMany(Tokenizer.Tokens).Select(t => t.Stem).ToHashSet();
        var asked = query.Stems.Where(stem => !nameStems.Contains(stem)).ToList();
        var holds = named.TrueForAll(pair => Says(pair.Passage!, asked, [.. query.NameKeys.Where(key => key != pair.Key)]));
        return new Finding(holds ? "yes" : "no", [.. named.Select(pair => pair.Passage!.Number).Distinct()], 0.6);
    }

    /// <summary>Whether one passage holds the asked words, and one of the other names if the question relates two things that are not both described.</summary>
    private static bool Says(PassageText passage, List<string> asked, List<string> others) =>
        asked.Count > 0
            ? asked.Count(stem => passage.Sentences.Any(s => s.Stems.Contains(stem))) * 2 > asked.Count
            : others.Exists(other => passage.Sentences.Any(s => s.Mentions(other)));
}
