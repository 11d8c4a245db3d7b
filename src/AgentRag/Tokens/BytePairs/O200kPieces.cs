using static AgentRag.Tokens.BytePairs.CharacterClasses;

namespace AgentRag.Tokens.BytePairs;

/// <summary>The pieces of <see cref="SplitPattern.O200k"/> and <see cref="SplitPattern.Tekken"/>.</summary>
/// <remarks>
/// <para>
/// The pattern's words are <c>[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+</c> or, where that does not match,
/// <c>[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*</c>, each with a contraction behind it if there is one; the rest is
/// <c>\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// </para>
/// <para>
/// A regex engine finds the first form by giving back characters of the greedy run of capitals, one by one. What it ends at is known without that: if a
/// small letter follows the run, the small letters behind it; otherwise the last character of the run that counts as small too (uncased letters, marks).
/// </para>
/// </remarks>
/// <param name="maxDigits">The most digits of a piece.</param>
/// <param name="contractions">Whether contractions stay with their word.</param>
internal readonly struct O200kPieces(int maxDigits, bool contractions) : IPieces
{
    private const int Capitals = Upper | Uncased | Mark;
    private const int Smalls = Lower | Uncased | Mark;
    private const int Either = Uncased | Mark;

    public int End(ReadOnlySpan<char> text, int start)
    {
        var first = At(text, start, out var width);
        if ((first & (Number | LineEnd)) == 0)
        {
            var word = (first & Letter) != 0 ? WordEnd(text, start, prefix: 0) : WordEnd(text, start + width, prefix: first);
            if (word > 0)
            {
                return contractions ? word + Contractions.LengthAt(text, word, anyCase: true) : word;
            }
        }

        if ((first & Number) != 0)
        {
            return DigitPieces.End(text, start + width, maxDigits - 1);
        }

        var second = start + width;
        if (text[start] == ' ' && second < text.Length && (At(text, second, out var nextWidth) & (Mark | Symbol)) != 0)
        {
            return SymbolsEnd(text, second + nextWidth);
        }

        return (first & (Mark | Symbol)) != 0 ? SymbolsEnd(text, second) : WhitePieces.EndByLines(text, start);
    }

    public int Reach(ReadOnlySpan<char> text, int start, int end)
    {
        var first = At(text, start, out var width);
        return Math.Max(WhitePieces.Reach(text, start, end), Skip(text, (first & Letter) != 0 ? start : start + width, Capitals));
    }

    /// <summary>Finds the end of a word, without a contraction.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where the letters begin.</param>
    /// <param name="prefix">The class of the character before, if it is taken as the pattern's prefix; else 0.</param>
    /// <returns>The end; 0 when no word begins here.</returns>
    private static int WordEnd(ReadOnlySpan<char> text, int start, int prefix)
    {
        var end = Skip(text, start, Capitals);
        if (end < text.Length && (At(text, end, out var width) & Lower) != 0)
        {
            return Skip(text, end + width, Smalls);
        }

        var last = LastEither(text, start, end);
        return last > 0 ? last
            : (prefix & Mark) != 0 ? start // The mark itself, taken as a letter instead of a prefix.
            : end > start ? end
            : 0;
    }

    /// <summary>The end of the last character in a run of capitals that counts as small too; 0 when there is none.</summary>
    private static int LastEither(ReadOnlySpan<char> text, int start, int end)
    {
        for (var position = end; position > start;)
        {
            var before = position - (position - 1 > start && char.IsLowSurrogate(text[position - 1]) ? 2 : 1);
            if ((At(text, before, out _) & Either) != 0)
            {
                return position;
            }

            position = before;
        }

        return 0;
    }

    private static int SymbolsEnd(ReadOnlySpan<char> text, int position)
    {
        var end = Skip(text, position, Mark | Symbol);
        while (end < text.Length && text[end] is '\r' or '\n' or '/')
        {
            end++;
        }

        return end;
    }
}
