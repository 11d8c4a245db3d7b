namespace AgentRag.Models.Extractive;

/// <summary>Places written from small to large: "Selm, Hale Province, Orland".</summary>
internal static class Places
{
    /// <summary>The names that follow a place, divided by commas alone, the place itself first.</summary>
    public static IReadOnlyList<Span> Chain(SentenceText sentence, Span place)
    {
        List<Span> chain = [place];
        var tokens = sentence.Tokens;
        while (chain[^1].End + 1 < tokens.Count && tokens[chain[^1].End].Text == "," && Cue.SpanAt(sentence.Names, chain[^1].End + 1) is { } next)
        {
            chain.Add(next);
        }

        return chain;
    }
}
