using static AgentRag.Tokens.BytePairs.CharacterClasses;

namespace AgentRag.Tokens.BytePairs;

/// <summary>The alternatives for white space, which all patterns end in.</summary>
internal static class WhitePieces
{
    /// <summary><c>\s+(?!\S)|\s+</c>: a run up to its last character, which goes with what follows; at the end of the text, all of it.</summary>
    public static int End(ReadOnlySpan<char> text, int start) => UpToLast(text, start, Skip(text, start, White));

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c>: up to the last line end of a run; without one, as <see cref="End"/>.</summary>
    public static int EndByLines(ReadOnlySpan<char> text, int start)
    {
        var end = Skip(text, start, White);
        var lastLineEnd = text[start..end].LastIndexOfAny('\r', '\n');
        return lastLineEnd >= 0 ? start + lastLineEnd + 1 : UpToLast(text, start, end);
    }

    /// <summary>How far a piece that begins with white space looks.</summary>
    public static int Reach(ReadOnlySpan<char> text, int start, int end) => Math.Max(end, Skip(text, start, White));

    private static int UpToLast(ReadOnlySpan<char> text, int start, int end) => end == text.Length || end - start == 1 ? end : end - 1;
}
