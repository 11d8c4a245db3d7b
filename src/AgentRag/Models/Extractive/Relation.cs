namespace AgentRag.Models.Extractive;

/// <summary>A relation between a named thing and the answer, with the wordings in which texts state it.</summary>
/// <param name="Name">The relation in plain words.</param>
/// <param name="Kind">What kind of answer it has.</param>
/// <param name="Cues">Wordings, the surest first; see <see cref="Cue"/>.</param>
/// <param name="Inverse">Nouns that state it from the answer's side: in the answer's own passage, "mother of X".</param>
internal sealed record Relation(string Name, AnswerKind Kind, IReadOnlyList<Cue> Cues, IReadOnlyList<string> Inverse)
{
    public static Relation Of(string name, AnswerKind kind, string cues, string inverse = "") =>
        new(name, kind, [.. cues.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Cue.Parse)], [.. Words.Set(inverse).Order(StringComparer.Ordinal)]);
}

/// <summary>A wording as a token pattern.</summary>
/// <remarks>
/// Elements are divided by blanks: <c>@</c> is the answer, <c>%</c> any name, <c>#</c> a date, <c>*</c> up to six tokens inside the sentence,
/// <c>~word</c> any form of a word, <c>a|b</c> one of the words in lower case.
/// </remarks>
internal sealed class Cue
{
    private const int MostSkipped = 6;

    private readonly string[][] _elements;

    private Cue(string[][] elements) => _elements = elements;

    public static Cue Parse(string text) => new([.. text.Split(' ').Select(element => element.Split('|').Select(Stemmed).ToArray())]);

    /// <summary>The answer's span where the wording first matches; null when it does not.</summary>
    /// <param name="sentence">Where to look.</param>
    /// <param name="answerAt">The answer span that starts at a token, or null.</param>
    public Span? Match(SentenceText sentence, Func<int, Span?> answerAt)
    {
        for (var start = 0; start < sentence.Tokens.Count; start++)
        {
            Span? answer = null;
            if (MatchesFrom(sentence, start, 0, answerAt, ref answer))
            {
                return answer;
            }
        }

        return null;
    }

    private static string Stemmed(string word) => word.Length > 1 && word[0] == '~' ? $"~{Words.Stem(word[1..])}" : word;

    private bool MatchesFrom(SentenceText sentence, int at, int element, Func<int, Span?> answerAt, ref Span? answer)
    {
        if (element == _elements.Length)
        {
            return true;
        }

        var tokens = sentence.Tokens;
        var alternatives = _elements[element];
        if (alternatives[0] == "*")
        {
            for (var skip = 0; skip <= MostSkipped && at + skip < tokens.Count; skip++)
            {
                if (MatchesFrom(sentence, at + skip, element + 1, answerAt, ref answer))
                {
                    return true;
                }

                if (tokens[at + skip].Text is ";" or ")" || tokens[at + skip].Lower is "died" or "d.")
                {
                    return false;
                }
            }

            return false;
        }

        if (at >= tokens.Count)
        {
            return false;
        }

        switch (alternatives[0])
        {
            case "@":
                answer = answerAt(at);
                return answer is { } found && MatchesFrom(sentence, found.End, element + 1, answerAt, ref answer);
            case "%":
                return SpanAt(sentence.Names, at) is { } name && MatchesFrom(sentence, name.End, element + 1, answerAt, ref answer);
            case "#":
                return SpanAt(sentence.DateSpans, at) is { } date && MatchesFrom(sentence, date.End, element + 1, answerAt, ref answer);
            default:
                return Array.Exists(alternatives, word => word[0] == '~' && word.Length > 1 ? tokens[at].Stem.AsSpan().SequenceEqual(word.AsSpan(1)) : tokens[at].Lower == word)
                    && MatchesFrom(sentence, at + 1, element + 1, answerAt, ref answer);
        }
    }

    public static Span? SpanAt(IReadOnlyList<Span> spans, int at)
    {
        foreach (var span in spans)
        {
            if (span.Start == at)
            {
                return span;
            }
        }

        return null;
    }
}
