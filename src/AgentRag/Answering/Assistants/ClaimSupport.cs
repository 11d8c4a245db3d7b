namespace AgentRag.Answering.Assistants;

/// <summary>Tells whether a passage bears a sentence out, by the words they share.</summary>
/// <remarks>
/// A coarse sieve: it finds citations of papers about something else, not wrong conclusions from the right one. Coarser than <see cref="CitationSupport"/> on purpose: an
/// assistant writes prose of its own and may explain a little further, so that its sentences name authors, years and terms that the passage itself, such as an abstract, does
/// not hold; asking for every name and number would drop nearly every citation of such prose.
/// </remarks>
internal static class ClaimSupport
{
    private const double LeastShare = 0.3;

    /// <summary>Whether at least three tenths of the sentence's content words (of at least four letters, or pairs of CJK characters, or numbers) stand in the passage.</summary>
    public static bool Holds(string passage, string claim)
    {
        var terms = Terms(claim).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return terms.Count > 0 && terms.Count(term => passage.Contains(term, StringComparison.OrdinalIgnoreCase)) >= LeastShare * terms.Count;
    }

    private static IEnumerable<string> Terms(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            if (!char.IsLetterOrDigit(text[start]))
            {
                start++;
                continue;
            }

            var end = start;
            while (end < text.Length && char.IsLetterOrDigit(text[end]) && IsIdeograph(text[end]) == IsIdeograph(text[start]))
            {
                end++;
            }

            if (IsIdeograph(text[start]))
            {
                for (var i = start; i + 1 < end; i++)
                {
                    yield return text.Substring(i, 2);
                }
            }
            else if (end - start >= 4 || char.IsAsciiDigit(text[start]))
            {
                // The beginning stands for its inflected forms.
                yield return text[start..Math.Min(end, start + 6)];
            }

            start = end;
        }
    }

    private static bool IsIdeograph(char letter) => letter is >= '\u3040' and <= '\u30FF' or >= '\u3400' and <= '\u9FFF';
}
