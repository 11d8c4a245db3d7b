namespace AgentRag.Tokens;

/// <summary>A counter that cuts a text into pieces from left to right and adds up their tokens.</summary>
/// <remarks>
/// Where a piece ends depends only on the text from its start on. So the count of a text made of parts can be had exactly from the counts of the parts: only
/// the pieces at the seams are counted anew (see <see cref="JointTokenCount"/>).
/// </remarks>
public interface IPieceTokenCounter : ITokenCounter
{
    /// <summary>Whether pieces may be counted apart. False where the text is changed as a whole before it is cut.</summary>
    bool IsPiecewise { get; }

    /// <summary>Finds the end of the piece that begins at a position.</summary>
    /// <param name="text">The text from the piece's start or before it to as far as it is known.</param>
    /// <param name="start">Where the piece begins, in [0, length).</param>
    /// <param name="isSettled">Whether no further text behind this one could change the piece. False is always allowed.</param>
    /// <returns>In (start, length].</returns>
    int PieceEnd(ReadOnlySpan<char> text, int start, out bool isSettled);

    /// <summary>Counts the tokens of one piece.</summary>
    /// <param name="piece">A piece as cut by <see cref="PieceEnd"/>.</param>
    int CountPiece(ReadOnlySpan<char> piece);
}
