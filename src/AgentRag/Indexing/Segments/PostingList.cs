namespace AgentRag.Indexing.Segments;

/// <summary>The postings of one term in one segment, as they lie in the file.</summary>
/// <remarks>Points into the segment's bytes: keep the segment referenced while it is used. Its content has been verified.</remarks>
internal readonly unsafe struct PostingList
{
    /// <summary>So many bytes behind a list may be looked at, whatever they are: other lists and sections follow.</summary>
    public const int ReadBeyond = 128;

    private readonly byte* _start;
    private readonly TermEntry _entry;
    private readonly int _segmentPassages;

    public PostingList(byte* start, in TermEntry entry, int segmentPassages, CodeBook book)
    {
        _start = start;
        (_entry, _segmentPassages, Book) = (entry, segmentPassages, book);
    }

    /// <summary>What the codes mean.</summary>
    public CodeBook Book { get; }

    /// <summary>Passages with the term, deleted ones included.</summary>
    public int Count => _entry.Passages;

    public bool IsDense => _entry.Windows == TermEntry.Dense;

    public bool IsFlat => _entry.Windows == TermEntry.Flat;

    /// <summary>The windows of a list with a directory.</summary>
    public int Windows => _entry.Windows;

    /// <summary>Window &lt;&lt; 16 | postings - 1.</summary>
    public uint* Directory => (uint*)_start;

    /// <summary>The passages of a flat list.</summary>
    public uint* Passages => (uint*)_start;

    /// <summary>The passages of a list with a directory, counted within their windows.</summary>
    public ushort* Locals => (ushort*)(_start + (Windows * 4L));

    /// <summary>One code per posting; in a dense row one per passage of the segment.</summary>
    public byte* Codes => _start + (_entry.Windows switch
    {
        TermEntry.Dense => 0,
        TermEntry.Flat => Count * 4L,
        _ => (Windows * 4L) + (Count * 2L),
    });

    private ReadOnlySpan<uint> Exceptions => new(_start + _entry.Length(_segmentPassages) - (_entry.Exceptions * 8L), _entry.Exceptions * 2);

    /// <summary>The frequency of a posting.</summary>
    /// <param name="code">Its code; not 0.</param>
    /// <param name="passage">Its passage.</param>
    public int Frequency(byte code, int passage)
    {
        var frequency = Book.Frequencies[code];
        return frequency > 0 ? frequency : Exception(passage);
    }

    /// <summary>The frequency of the term in any passage; 0 where it is absent.</summary>
    public int FrequencyIn(int passage)
    {
        if (IsDense)
        {
            return Codes[passage] == 0 ? 0 : Frequency(Codes[passage], passage);
        }

        var (posting, end) = (0, Count);
        if (!IsFlat)
        {
            var window = (uint)passage >> TermEntry.WindowBits;
            for (var slot = 0; ; slot++)
            {
                if (slot == Windows || Directory[slot] >> 16 > window)
                {
                    return 0;
                }

                end = posting + (int)(Directory[slot] & 0xFFFF) + 1;
                if (Directory[slot] >> 16 == window)
                {
                    break;
                }

                posting = end;
            }
        }

        var found = IsFlat
            ? new ReadOnlySpan<uint>(Passages, Count).BinarySearch((uint)passage)
            : new ReadOnlySpan<ushort>(Locals + posting, end - posting).BinarySearch((ushort)(passage & (TermEntry.WindowSize - 1)));
        return found < 0 ? 0 : Frequency(Codes[posting + found], passage);
    }

    /// <summary>Reads all postings in the order of passages.</summary>
    /// <param name="passages">Room for <see cref="Count"/> passages.</param>
    /// <param name="frequencies">The same for frequencies.</param>
    public void Decode(Span<int> passages, Span<int> frequencies)
    {
        var next = 0;
        if (IsDense)
        {
            for (var passage = 0; passage < _segmentPassages && next < Count; passage++)
            {
                if (Codes[passage] != 0)
                {
                    (passages[next], frequencies[next++]) = (passage, Frequency(Codes[passage], passage));
                }
            }

            return;
        }

        if (IsFlat)
        {
            for (; next < Count; next++)
            {
                (passages[next], frequencies[next]) = ((int)Passages[next], Frequency(Codes[next], (int)Passages[next]));
            }

            return;
        }

        for (var slot = 0; slot < Windows; slot++)
        {
            var first = (int)(Directory[slot] >> 16) << TermEntry.WindowBits;
            for (var left = (int)(Directory[slot] & 0xFFFF) + 1; left > 0; left--, next++)
            {
                var passage = first + Locals[next];
                (passages[next], frequencies[next]) = (passage, Frequency(Codes[next], passage));
            }
        }
    }

    /// <summary>Whether everything that is followed without looking stays within the segment, and the exceptions are there.</summary>
    public bool IsSound()
    {
        if (IsDense)
        {
            var count = 0;
            for (var passage = 0; passage < _segmentPassages; passage++)
            {
                var code = Codes[passage];
                count += code != 0 ? 1 : 0;
                if (code >= CodeBook.DenseCodes || (code != 0 && !HasFrequency(code, passage)))
                {
                    return false;
                }
            }

            return count == Count;
        }

        var (next, previous, slots) = (0, -1L, IsFlat ? 1 : Windows);
        for (var slot = 0; slot < slots; slot++)
        {
            var first = IsFlat ? 0 : (long)(Directory[slot] >> 16) << TermEntry.WindowBits;
            var end = IsFlat ? Count : Math.Min(Count, next + (int)(Directory[slot] & 0xFFFF) + 1);
            for (; next < end; next++)
            {
                var local = IsFlat ? Passages[next] : Locals[next];
                var passage = first + local;
                if (passage <= previous || passage >= _segmentPassages || (!IsFlat && local >= TermEntry.WindowSize) || Codes[next] == 0
                    || !HasFrequency(Codes[next], (int)passage))
                {
                    return false;
                }

                previous = passage;
            }
        }

        return next == Count;
    }

    private bool HasFrequency(byte code, int passage) => Book.Frequencies[code] > 0 || Exception(passage) > 0;

    private int Exception(int passage)
    {
        var pairs = Exceptions;
        var (low, high) = (0, _entry.Exceptions);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = pairs[middle * 2] < (uint)passage ? (middle + 1, high) : (low, middle);
        }

        return low < _entry.Exceptions && pairs[low * 2] == (uint)passage ? (int)pairs[(low * 2) + 1] : 0;
    }
}
