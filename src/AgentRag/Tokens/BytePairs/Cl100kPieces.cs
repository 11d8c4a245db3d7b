using static AgentRag.Tokens.BytePairs.CharacterClasses;

namespace AgentRag.Tokens.BytePairs;

/// <summary>The pieces of <see cref="SplitPattern.Cl100k"/> and <see cref="SplitPattern.Qwen2"/>.</summary>
/// <param name="maxDigits">The most digits of a piece.</param>
internal readonly struct Cl100kPieces(int maxDigits) : IPieces
{
    public int End(ReadOnlySpan<char> text, int start)
    {
        var first = At(text, start, out var width);
        if ((first & Letter) != 0)
        {
            return Skip(text, start + width, Letter);
        }

        if (text[start] == '\'' && Contractions.LengthAt(text, start, anyCase: true) is > 0 and var length)
        {
            return start + length;
        }

        if ((first & Number) != 0)
        {
            return DigitPieces.End(text, start + width, maxDigits - 1);
        }

        var second = start + width;
        if ((first & LineEnd) == 0 && second < text.Length)
        {
            var next = At(text, second, out var nextWidth);
            if ((next & Letter) != 0)
            {
                return Skip(text, second + nextWidth, Letter);
            }

            if (text[start] == ' ' && (next & (Mark | Symbol)) != 0)
            {
                return Skip(text, Skip(text, second + nextWidth, Mark | Symbol), LineEnd);
            }
        }

        return (first & (Mark | Symbol)) != 0
            ? Skip(text, Skip(text, second, Mark | Symbol), LineEnd)
            : WhitePieces.EndByLines(text, start);
    }

    public int Reach(ReadOnlySpan<char> text, int start, int end) => WhitePieces.Reach(text, start, end);
}
