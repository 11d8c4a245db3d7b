using System.Runtime.InteropServices;

namespace AgentRag.Tokens;

/// <summary>A text's count with what is needed to join it with others.</summary>
/// <param name="Tokens">Tokens of the text taken alone.</param>
/// <param name="SettledLength">Characters at its beginning whose tokens do not depend on what follows the text.</param>
/// <param name="SettledTokens">Their tokens.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PartTokenCount(int Tokens, int SettledLength, int SettledTokens);

/// <summary>Counts a text that is put together from parts, exactly: as if the whole text had been counted.</summary>
/// <remarks>
/// <para>
/// A plain sum is wrong at the seams: the end of one part and the beginning of the next may be one token together. The pieces around each seam are counted
/// anew, until a piece of the joined text begins where a piece of the part alone does; from there on both are cut alike, because no piece depends on
/// what stands before it.
/// </para>
/// <para>Costs time in the parts' number and in the length of parts without a count, not in the length of counted parts. Not for concurrent use.</para>
/// </remarks>
public sealed class JointTokenCount
{
    // Most seams settle within a few pieces; a window that does not suffice is doubled.
    private const int FirstWindow = 64;

    private readonly IPieceTokenCounter _counter;
    private char[] _open = new char[1024];
    private int _openLength;
    private long _settledTokens;

    /// <summary>Begins with an empty text.</summary>
    /// <param name="counter">Counts the pieces.</param>
    /// <exception cref="ArgumentException">The counter does not count piece by piece.</exception>
    public JointTokenCount(IPieceTokenCounter counter)
    {
        ArgumentNullException.ThrowIfNull(counter);
        _counter = counter.IsPiecewise ? counter : throw new ArgumentException($"The counter '{counter.Name}' cannot count texts piece by piece.", nameof(counter));
    }

    /// <summary>Tokens of the text so far, if it ended here.</summary>
    public int Tokens => (int)Math.Min(int.MaxValue, _settledTokens + CountAll(_open.AsSpan(0, _openLength)));

    /// <summary>Counts a part for later joining.</summary>
    /// <param name="counter">Counts the pieces.</param>
    /// <param name="text">The part.</param>
    public static PartTokenCount Count(IPieceTokenCounter counter, ReadOnlySpan<char> text)
    {
        ArgumentNullException.ThrowIfNull(counter);
        var (tokens, position, settled, settledTokens) = (0, 0, 0, 0);
        var isSettled = true;
        while (position < text.Length)
        {
            var end = counter.PieceEnd(text, position, out var pieceIsSettled);
            tokens += counter.CountPiece(text[position..end]);
            position = end;
            isSettled &= pieceIsSettled;
            if (isSettled)
            {
                (settled, settledTokens) = (position, tokens);
            }
        }

        return new PartTokenCount(tokens, settled, settledTokens);
    }

    /// <summary>Begins anew with an empty text.</summary>
    public void Clear() => (_openLength, _settledTokens) = (0, 0);

    /// <summary>Appends a part that has not been counted.</summary>
    /// <param name="text">The part.</param>
    public void Append(ReadOnlySpan<char> text)
    {
        Open(text);
        var (settled, tokens) = Settle(_open.AsSpan(0, _openLength));
        _settledTokens += tokens;
        Drop(settled);
    }

    /// <summary>Appends a part that has been counted.</summary>
    /// <param name="text">The part.</param>
    /// <param name="count">What <see cref="Count"/> found for it, with the same counter.</param>
    public void Append(ReadOnlySpan<char> text, PartTokenCount count)
    {
        if (_openLength == 0 && count.SettledLength > 0)
        {
            _settledTokens += count.SettledTokens;
            Open(text[count.SettledLength..]);
            return;
        }

        var before = _openLength;
        for (var window = FirstWindow; window < count.SettledLength; window *= 2)
        {
            _openLength = before;
            Open(text[..window]);
            if (TryMeet(text, before, count.SettledLength, out var tokens, out var tokensAlone))
            {
                _settledTokens += tokens + count.SettledTokens - tokensAlone;
                _openLength = 0;
                Open(text[count.SettledLength..]);
                return;
            }
        }

        _openLength = before;
        Append(text);
    }

    /// <summary>Looks for a position at which a piece of the joined text and a piece of the part alone begin.</summary>
    private bool TryMeet(ReadOnlySpan<char> part, int before, int settledLength, out long tokens, out long tokensAlone)
    {
        var joined = _open.AsSpan(0, _openLength);
        var met = 0;
        (tokens, tokensAlone) = (0, 0);
        for (var position = 0; position < joined.Length;)
        {
            var end = _counter.PieceEnd(joined, position, out var isSettled);
            if (!isSettled)
            {
                return false;
            }

            tokens += _counter.CountPiece(joined[position..end]);
            position = end;
            while (met < position - before && met < settledLength)
            {
                var endAlone = _counter.PieceEnd(part, met, out _);
                tokensAlone += _counter.CountPiece(part[met..endAlone]);
                met = endAlone;
            }

            if (position >= before && met == position - before && met <= settledLength)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Counts settled pieces.</summary>
    private (int Length, long Tokens) Settle(ReadOnlySpan<char> text)
    {
        var (position, tokens) = (0, 0L);
        while (position < text.Length)
        {
            var end = _counter.PieceEnd(text, position, out var isSettled);
            if (!isSettled)
            {
                break;
            }

            tokens += _counter.CountPiece(text[position..end]);
            position = end;
        }

        return (position, tokens);
    }

    private long CountAll(ReadOnlySpan<char> text)
    {
        var tokens = 0L;
        for (var position = 0; position < text.Length;)
        {
            var end = _counter.PieceEnd(text, position, out _);
            tokens += _counter.CountPiece(text[position..end]);
            position = end;
        }

        return tokens;
    }

    private void Open(ReadOnlySpan<char> text)
    {
        if (_openLength + text.Length > _open.Length)
        {
            Array.Resize(ref _open, Math.Max(_openLength + text.Length, 2 * _open.Length));
        }

        text.CopyTo(_open.AsSpan(_openLength));
        _openLength += text.Length;
    }

    private void Drop(int length)
    {
        _open.AsSpan(length, _openLength - length).CopyTo(_open);
        _openLength -= length;
    }
}
