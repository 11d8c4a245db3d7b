namespace AgentRag.Models.Extractive;

/// <summary>Reads the country of a thing or person from the sentences that define it.</summary>
internal static class Countries
{
    private const int MostSentences = 2;

    public static Finding? Read(Query query, IReadOnlyList<PassageText> passages)
    {
        var name = query.NameKeys.MaxBy(key => key.Length);
        var passage = name is null ? null : passages.Where(p => p.IsAbout(name) >= 0.5).MaxBy(p => p.IsAbout(name));
        return passage?.Sentences.Take(MostSentences).Select(InSentence).FirstOrDefault(country => country is not null) is { } found
            ? new Finding(found, [passage.Number], 0.85)
            : null;
    }

    // A known country, else a nationality, else the last of "in A, B, C".
    private static string? InSentence(SentenceText sentence)
    {
        var tokens = sentence.Tokens;
        var names = sentence.Names;
        // Of words alone: ", Russia" and "France." name countries too.
        return Enumerable.Range(0, tokens.Count)
            .SelectMany(i => new[] { i + 2, i + 1 }.Where(end => end <= tokens.Count && tokens[i].IsWord && tokens[end - 1].IsWord).Select(end => Tokenizer.Text(tokens, i, end)))
            .FirstOrDefault(Demonyms.IsCountry)
            ?? Enumerable.Range(0, tokens.Count).Where(i => Demonyms.IsAt(tokens, i)).Select(i => Demonyms.Country(tokens[i].Text)).FirstOrDefault()
            ?? names.Where(n => n.Start > 0 && tokens[n.Start - 1].Lower is "in" or "of" or "from").Select(n => Places.Chain(sentence, n)).Select(chain => chain[^1].TextIn(tokens)).FirstOrDefault();
    }
}
