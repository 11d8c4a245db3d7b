namespace AgentRag.Tokens.BytePairs;

/// <summary>Cuts a text into pieces from left to right.</summary>
internal interface IPieces
{
    /// <summary>Finds the end of the piece that begins at a position.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">In [0, length).</param>
    /// <returns>In (start, length].</returns>
    int End(ReadOnlySpan<char> text, int start);

    /// <summary>How far the text was looked at to find the end of a piece, but for the few characters of a contraction or a surrogate pair.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where the piece begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>In [end, length]; text behind this position and three more characters has no influence on the piece.</returns>
    int Reach(ReadOnlySpan<char> text, int start, int end);
}
