using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>Works out the exact scores of candidates, term by term in the order of the query: the same sums, to the last bit, as the plain formula's.</summary>
internal sealed unsafe class ExactScores
{
    // Postings are passed over so many at a time: what one comparison of vectors looks at.
    private const int Block = 32;

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
        int end;
        for (var first = candidates.Start.Value; first < candidates.End.Value; first = end)
        {
            var window = (passages[first] - firstPassage) >> TermEntry.WindowBits;
            for (end = first; end < candidates.End.Value && (passages[end] - firstPassage) >> TermEntry.WindowBits == window; end++)
            {
                _norms[end] = norm.Of(lengths[passages[end] - firstPassage]);
            }

            for (var i = 0; i < cursors.Count; i++)
            {
                AddWindow(ref cursors[i], window, firstPassage, passages, first, end);
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
        var last = posting + count;
        if (list.IsFlat)
        {
            for (; posting < last; posting++)
            {
                var passage = (int)list.Passages[posting];
                var found = passages[first..end].BinarySearch(passage + firstPassage);
                if (found >= 0)
                {
                    Add(first + found, cursor.Weight, list.Frequency(codes[posting], passage));
                }
            }

            return;
        }

        if (count == 0)
        {
            return;
        }

        var locals = list.Locals;
        for (var candidate = first; candidate < end; candidate++)
        {
            var passage = passages[candidate] - firstPassage;
            var local = (ushort)(passage & (TermEntry.WindowSize - 1));
            while (posting + Block < last && locals[posting + Block - 1] < local)
            {
                posting += Block;
            }

            // May look beyond the list, where other sections follow; what is found there does not count.
            var found = posting + Find(locals + posting, local);
            if (found < last)
            {
                Add(candidate, cursor.Weight, list.Frequency(codes[found], passage));
            }
        }
    }

    /// <summary>The place of a value in a block, or a place behind every list.</summary>
    private static int Find(ushort* block, ushort value)
    {
        var wanted = Vector256.Create(value);
        var low = Vector256.Equals(Vector256.Load(block), wanted).ExtractMostSignificantBits();
        var high = Vector256.Equals(Vector256.Load(block + 16), wanted).ExtractMostSignificantBits();
        var bits = low | (high << 16);
        return bits == 0 ? TermEntry.WindowSize * 2 : BitOperations.TrailingZeroCount(bits);
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
