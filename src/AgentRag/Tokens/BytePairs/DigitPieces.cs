using static AgentRag.Tokens.BytePairs.CharacterClasses;

namespace AgentRag.Tokens.BytePairs;

/// <summary>The pieces of <see cref="SplitPattern.SingleDigits"/> and <see cref="SplitPattern.DigitRuns"/>.</summary>
/// <param name="maxDigits">The most digits of a piece.</param>
internal readonly struct DigitPieces(int maxDigits) : IPieces
{
    /// <summary>Takes at most so many digits.</summary>
    public static int End(ReadOnlySpan<char> text, int position, int digits)
    {
        for (; digits > 0 && position < text.Length && (At(text, position, out var width) & Number) != 0; digits--)
        {
            position += width;
        }

        return position;
    }

    public int End(ReadOnlySpan<char> text, int start) => (At(text, start, out var width) & Number) != 0
        ? End(text, start + width, maxDigits - 1)
        : Skip(text, start + width, ~Number);

    public int Reach(ReadOnlySpan<char> text, int start, int end) => end;
}

/// <summary>The one piece of <see cref="SplitPattern.None"/>.</summary>
internal readonly struct WholePiece : IPieces
{
    public int End(ReadOnlySpan<char> text, int start) => text.Length;

    public int Reach(ReadOnlySpan<char> text, int start, int end) => end;
}
