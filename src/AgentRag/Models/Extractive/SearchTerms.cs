namespace AgentRag.Models.Extractive;

/// <summary>What a question is about, as terms to search for: its names, then its runs of content words.</summary>
internal static class SearchTerms
{
    /// <summary>The terms of a question, in its order, each once.</summary>
    public static IReadOnlyList<string> Of(string question)
    {
        var tokens = Tokenizer.Tokens(question);
        var names = NameSpans.In(tokens).ToList();
        List<string> terms = [];
        for (var i = 0; i < tokens.Count;)
        {
            if (names.Find(name => name.Start == i) is { } name)
            {
                terms.Add(name.TextIn(tokens));
                i = name.End;
            }
            else
            {
                var end = i;
                while (end < tokens.Count && IsContent(tokens[end]) && !names.Exists(span => span.Start == end))
                {
                    end++;
                }

                if (end > i)
                {
                    terms.Add(string.Join(' ', tokens.Skip(i).Take(end - i).Select(token => token.Text)));
                }

                i = Math.Max(end, i + 1);
            }
        }

        return [.. terms.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The question, its terms alone, and its names alone: three ways to search for it.</summary>
    public static IReadOnlyList<string> Wordings(string question)
    {
        var tokens = Tokenizer.Tokens(question);
        return
        [
            .. new[] { question, string.Join(' ', Of(question)), string.Join(' ', NameSpans.In(tokens).Select(name => name.TextIn(tokens))) }
                .Where(wording => wording.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase),
        ];
    }

    private static bool IsContent(Token token) => (token.IsWord || token.IsNumber) && !token.IsStop;
}
