using System.Runtime.InteropServices;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>Works out the exact scores of candidates, term by term in the order of the query: the same sums, to the last bit, as the plain formula's.</summary>
internal sealed unsafe class ExactScores
{
    // Measured: one step of a binary search costs as much as walking past about this many postings.
    private const int PostingsPerStep = 3;

    // Per passage of a window: its candidate + 1, counted from the window's first, or 0.
    private readonly ushort[] _slots = GC.AllocateArray<ushort>(TermEntry.WindowSize, pinned: true);
    private double[] _scores = new double[1 << 11];
    private double[] _norms = new double[1 << 11];

    /// <summary>The scores, beside the candidates.</summary>
    public Span<double> Scores(int count) => _scores.AsSpan(0, count);

    /// <summary>Makes room, and sets all scores to 0.</summary>
    public void Begin(int count)
    {
        if (_scores.Length < count)
        {
            _scores = new double[count * 2];
            _norms = new double[count * 2];
        }

        Array.Clear(_scores, 0, count);
    }

    /// <summary>Scores the candidates of one segment.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="firstPassage">Number of its first passage in the index.</param>
    /// <param name="cursors">The terms, at the beginning.</param>
    /// <param name="passages">All candidates, ascending.</param>
    /// <param name="candidates">Which of them lie in the segment.</param>
    /// <param name="norm">Of a passage's length, what BM25 adds in the denominator.</param>
    public void Add(Segment segment, int firstPassage, TermCursors cursors, ReadOnlySpan<int> passages, Range candidates, in LengthNorm norm)
    {
        var lengths = segment.PassageLengths;
        var slots = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_slots, 0);
        int end;
        for (var first = candidates.Start.Value; first < candidates.End.Value; first = end)
        {
            var window = (passages[first] - firstPassage) >> TermEntry.WindowBits;
            for (end = first; end < candidates.End.Value && (passages[end] - firstPassage) >> TermEntry.WindowBits == window; end++)
            {
                var passage = passages[end] - firstPassage;
                _norms[end] = norm.Of(lengths[passage]);
                slots[passage & (TermEntry.WindowSize - 1)] = (ushort)(end - first + 1);
            }

            for (var i = 0; i < cursors.Count; i++)
            {
                AddWindow(ref cursors[i], window, firstPassage, passages, first, end);
            }

            for (var candidate = first; candidate < end; candidate++)
            {
                slots[(passages[candidate] - firstPassage) & (TermEntry.WindowSize - 1)] = 0;
            }
        }
    }

    private void AddWindow(ref TermCursor cursor, int window, int firstPassage, ReadOnlySpan<int> passages, int first, int end)
    {
        var list = cursor.List;
        var codes = list.Codes;
        if (list.IsDense)
        {
            for (var candidate = first; candidate < end; candidate++)
            {
                var passage = passages[candidate] - firstPassage;
                if (codes[passage] != 0)
                {
                    Add(candidate, cursor.Weight, list.Frequency(codes[passage], passage));
                }
            }

            return;
        }

        var (posting, count) = cursor.Take(window);
        if (list.IsFlat)
        {
            for (var last = posting + count; posting < last; posting++)
            {
                var passage = (int)list.Passages[posting];
                var slot = _slots[passage & (TermEntry.WindowSize - 1)];
                if (slot != 0)
                {
                    Add(first + slot - 1, cursor.Weight, list.Frequency(codes[posting], passage));
                }
            }

            return;
        }

        var windowStart = window << TermEntry.WindowBits;
        var locals = list.Locals;
        if ((end - first) * (long)(32 - int.LeadingZeroCount(count)) * PostingsPerStep < count)
        {
            var span = new ReadOnlySpan<ushort>(locals + posting, count);
            for (var candidate = first; candidate < end; candidate++)
            {
                var found = span.BinarySearch((ushort)(passages[candidate] - firstPassage - windowStart));
                if (found >= 0)
                {
                    Add(candidate, cursor.Weight, list.Frequency(codes[posting + found], passages[candidate] - firstPassage));
                }
            }

            return;
        }

        var slots = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_slots, 0);
        for (var last = posting + count; posting < last; posting++)
        {
            var slot = slots[locals[posting]];
            if (slot != 0)
            {
                Add(first + slot - 1, cursor.Weight, list.Frequency(codes[posting], windowStart + locals[posting]));
            }
        }
    }

    private void Add(int candidate, double weight, int frequency) => _scores[candidate] += weight * frequency / (frequency + _norms[candidate]);
}

/// <summary>BM25's normalisation of lengths in one index.</summary>
/// <param name="MeanLength">Mean length of the index.</param>
/// <param name="K1">Term-frequency saturation.</param>
/// <param name="B">Length normalisation.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LengthNorm(double MeanLength, double K1, double B)
{
    public double Of(int length) => Bm25.Norm(length / MeanLength, K1, B);
}
