namespace AgentRag.Models.Extractive;

/// <summary>Finds common noun phrases: runs of content words.</summary>
internal static class Phrases
{
    private const int MostWords = 5;

    /// <summary>The phrase that starts at a token, without articles; null at a function word or punctuation.</summary>
    public static Span? At(IReadOnlyList<Token> tokens, int at)
    {
        if (!tokens[at].IsWord || tokens[at].IsStop || (at > 0 && tokens[at - 1].IsWord && !tokens[at - 1].IsStop))
        {
            return null;
        }

        var end = at;
        while (end < tokens.Count && end - at < MostWords && tokens[end].IsWord && !tokens[end].IsStop)
        {
            end++;
        }

        return new Span(at, end, SpanForm.Phrase);
    }

    public static IEnumerable<Span> In(IReadOnlyList<Token> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (At(tokens, i) is { } span)
            {
                yield return span;
                i = span.End;
            }
        }
    }
}
