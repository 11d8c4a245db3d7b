using System.Runtime.InteropServices;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>Where a search stands in the postings of its terms, window by window. Used again and again.</summary>
internal sealed unsafe class TermCursors
{
    private const int ValuesPerTerm = 256;

    private TermCursor[] _cursors = new TermCursor[32];
    private ushort[] _values = GC.AllocateArray<ushort>(32 * ValuesPerTerm, pinned: true);

    /// <summary>Terms that the segment holds.</summary>
    public int Count { get; private set; }

    public ref TermCursor this[int cursor] => ref _cursors[cursor];

    /// <summary>Goes to the beginning of a segment's lists, in the order of the query's terms.</summary>
    public void Begin(Segment segment, int number, QueryTerms terms)
    {
        if (_cursors.Length < terms.Count)
        {
            _cursors = new TermCursor[terms.Count * 2];
            _values = GC.AllocateArray<ushort>(terms.Count * 2 * ValuesPerTerm, pinned: true);
        }

        Count = 0;
        for (var term = 0; term < terms.Count; term++)
        {
            if (terms.NumberIn(number, term) is >= 0 and var found)
            {
                _cursors[Count++] = new() { List = segment.Postings(found), Weight = terms[term].Weight };
            }
        }
    }

    /// <summary>What a code adds to a bound: rounded up, so that no sum of bounds is below the score.</summary>
    /// <param name="weight">The term's weight in steps of the bounds.</param>
    /// <param name="upper">The code's largest score for a weight of 1.</param>
    public static int Value(double weight, double upper) => (int)(weight * upper) + 1;

    /// <summary>Works out what each code adds to a bound.</summary>
    /// <param name="bounds">The codes' largest scores for a weight of 1.</param>
    /// <param name="scale">Steps of the bounds per unit of score.</param>
    public void SetValues(CodeBounds bounds, double scale)
    {
        var values = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_values, 0);
        for (var i = 0; i < Count; i++, values += ValuesPerTerm)
        {
            ref var cursor = ref _cursors[i];
            var (weight, upper, max) = (cursor.Weight * scale, cursor.List.IsDense ? bounds.Rows : bounds.Lists, 0);
            for (var code = 1; code < upper.Length; code++)
            {
                var value = Value(weight, upper[code]);
                values[code] = (ushort)value;
                max = Math.Max(max, value);
            }

            values[0] = 0;
            cursor.Values = values;
            cursor.MaxValue = max;
        }
    }
}

/// <summary>One term's place.</summary>
internal unsafe struct TermCursor
{
    public PostingList List;
    public double Weight;

    /// <summary>What each code adds to a bound.</summary>
    public ushort* Values;
    public int MaxValue;

    /// <summary>The next entry of the directory.</summary>
    public int Slot;

    /// <summary>The first posting that has not been passed.</summary>
    public int Posting;

    /// <summary>Moves behind a window of a list.</summary>
    /// <param name="window">Its number; not less than that of the move before.</param>
    /// <returns>The postings within it, their number, 0 for none.</returns>
    public (int First, int Count) Take(int window)
    {
        if (List.IsFlat)
        {
            var passages = List.Passages;
            var (next, start, end) = (Posting, (uint)window << TermEntry.WindowBits, (uint)(window + 1) << TermEntry.WindowBits);
            while (next < List.Count && passages[next] < start)
            {
                next++;
            }

            var first = next;
            while (next < List.Count && passages[next] < end)
            {
                next++;
            }

            Posting = next;
            return (first, next - first);
        }

        for (; Slot < List.Windows; Slot++)
        {
            var entry = List.Directory[Slot];
            var count = (int)(entry & 0xFFFF) + 1;
            if (entry >> 16 == (uint)window)
            {
                var first = Posting;
                Posting += count;
                Slot++;
                return (first, count);
            }

            if (entry >> 16 > (uint)window)
            {
                break;
            }

            Posting += count;
        }

        return (Posting, 0);
    }
}
