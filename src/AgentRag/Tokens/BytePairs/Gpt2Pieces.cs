using static AgentRag.Tokens.BytePairs.CharacterClasses;

namespace AgentRag.Tokens.BytePairs;

/// <summary>The pieces of <see cref="SplitPattern.Gpt2"/>.</summary>
internal readonly struct Gpt2Pieces : IPieces
{
    public int End(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == '\'' && Contractions.LengthAt(text, start, anyCase: false) is > 0 and var length)
        {
            return start + length;
        }

        var first = text[start] == ' ' ? start + 1 : start;
        if (first < text.Length)
        {
            var found = At(text, first, out var width);
            var run = (found & Letter) != 0 ? Letter
                : (found & Number) != 0 ? Number
                : (found & (Mark | Symbol)) != 0 ? Mark | Symbol
                : 0;
            if (run != 0)
            {
                return Skip(text, first + width, run);
            }
        }

        return WhitePieces.End(text, start);
    }

    public int Reach(ReadOnlySpan<char> text, int start, int end) => WhitePieces.Reach(text, start, end);
}
