namespace AgentRag.Documents;

/// <summary>Cuts a stream into lines of bytes, holding one line at a time.</summary>
/// <param name="stream">UTF-8 text; a byte order mark is left out.</param>
/// <param name="maxLineBytes">Longest line that is kept; of a longer one only the fact is.</param>
internal sealed class LineReader(Stream stream, int maxLineBytes)
{
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _atEnd;

    /// <summary>The current line without its line feed; valid until the next move.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>The current line's number, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Whether the current line was too long and was left out.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Moves to the next line.</summary>
    /// <returns>False when there is none.</returns>
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        (Current, IsTooLong) = (default, false);
        var scanned = 0;
        while (true)
        {
            var feed = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                Take(scanned + feed, withFeed: 1);
                return true;
            }

            scanned = _end - _start;
            if (_atEnd)
            {
                var isLine = scanned > 0 || IsTooLong;
                Take(scanned, withFeed: 0);
                return isLine;
            }

            if (scanned > maxLineBytes)
            {
                (IsTooLong, _start, scanned) = (true, _end, 0);
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Take(int length, int withFeed)
    {
        IsTooLong |= length > maxLineBytes;
        Current = IsTooLong ? default : _buffer.AsMemory(_start, length);
        if (Number == 0 && Current.Span is [0xEF, 0xBB, 0xBF, ..])
        {
            Current = Current[3..];
        }

        _start += length + withFeed;
        Number++;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        (_end, _atEnd) = (_end + read, read == 0);
    }
}
