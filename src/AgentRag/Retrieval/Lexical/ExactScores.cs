using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>Works out the exact scores of candidates, term by term in the order of the query: the same sums, to the last bit, as the plain formula's.</summary>
internal sealed unsafe class ExactScores
{
    // Postings that are compared with a candidate at once: one bit of a word for each.
    private const int Block = PostingList.ReadBeyond / sizeof(ushort);

    // Measured: with fewer postings per candidate, looking at every posting is cheaper than looking for every candidate.
    private const int PostingsPerCandidate = 4;

    private double[] _scores = new double[1 << 11];
    private double[] _norms = new double[1 << 11];

    // For each passage of the window at hand its place among the window's candidates, from 1; 0 for none.
    private readonly ushort[] _places = GC.AllocateArray<ushort>(TermEntry.WindowSize, pinned: true);
    private readonly ushort[] _hits = GC.AllocateArray<ushort>(TermEntry.WindowSize, pinned: true);

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
    public void Add(Segment segment, int firstPassage, TermCursors cursors, ReadOnlySpan<int> passages, Range candidates, LengthNorm norm)
    {
        const int Local = TermEntry.WindowSize - 1;

        // All at once: their lengths lie far apart, and so the processor waits for many of them together.
        var lengths = segment.PassageLengths;
        for (var candidate = candidates.Start.Value; candidate < candidates.End.Value; candidate++)
        {
            _norms[candidate] = norm.Of(lengths[passages[candidate] - firstPassage]);
        }

        int end;
        for (var first = candidates.Start.Value; first < candidates.End.Value; first = end)
        {
            var window = (passages[first] - firstPassage) >> TermEntry.WindowBits;
            for (end = first; end < candidates.End.Value && (passages[end] - firstPassage) >> TermEntry.WindowBits == window; end++)
            {
                _places[(passages[end] - firstPassage) & Local] = (ushort)(end - first + 1);
            }

            for (var i = 0; i < cursors.Count; i++)
            {
                AddWindow(ref cursors[i], window, firstPassage, passages[first..end], first);
            }

            foreach (var passage in passages[first..end])
            {
                _places[(passage - firstPassage) & Local] = 0;
            }
        }
    }

    /// <summary>Adds what one term gives the candidates of one window.</summary>
    /// <param name="cursor">The term.</param>
    /// <param name="window">The window.</param>
    /// <param name="firstPassage">Number of the segment's first passage in the index.</param>
    /// <param name="passages">The candidates.</param>
    /// <param name="first">How many candidates stand before them.</param>
    private void AddWindow(ref TermCursor cursor, int window, int firstPassage, ReadOnlySpan<int> passages, int first)
    {
        ref readonly var list = ref cursor.List;
        if (list.IsDense)
        {
            var row = list.Codes;
            for (var i = 0; i < passages.Length; i++)
            {
                var passage = passages[i] - firstPassage;
                if (row[passage] != 0)
                {
                    Add(first + i, cursor.Weight, list.Frequency(row[passage], passage));
                }
            }

            return;
        }

        var (posting, count) = cursor.Take(window);
        var codes = list.Codes + posting;
        var windowStart = window << TermEntry.WindowBits;
        if (list.IsFlat)
        {
            // Fewer than two per window in the mean.
            for (var p = 0; p < count; p++)
            {
                var passage = (int)list.Passages[posting + p];
                if (_places[passage - windowStart] is not 0 and var place)
                {
                    Add(first + place - 1, cursor.Weight, list.Frequency(codes[p], passage));
                }
            }

            return;
        }

        var locals = list.Locals + posting;
        var found = count > passages.Length * PostingsPerCandidate ? FindCandidates(locals, count, passages, firstPassage) : FindPostings(locals, count);
        AddHits(list, cursor.Weight, locals, codes, found, first, windowStart);
    }

    /// <summary>Looks at each posting of a list, without a branch that could be guessed wrongly.</summary>
    /// <returns>How many belong to candidates; they stand in <c>_hits</c>.</returns>
    private int FindPostings(ushort* locals, int count)
    {
        var places = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_places, 0);
        var hits = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_hits, 0);
        var (found, next) = (0, 0);
        for (; next <= count - 4; next += 4)
        {
            hits[found] = (ushort)next;
            found += places[locals[next]] == 0 ? 0 : 1;
            hits[found] = (ushort)(next + 1);
            found += places[locals[next + 1]] == 0 ? 0 : 1;
            hits[found] = (ushort)(next + 2);
            found += places[locals[next + 2]] == 0 ? 0 : 1;
            hits[found] = (ushort)(next + 3);
            found += places[locals[next + 3]] == 0 ? 0 : 1;
        }

        for (; next < count; next++)
        {
            hits[found] = (ushort)next;
            found += places[locals[next]] == 0 ? 0 : 1;
        }

        return found;
    }

    /// <summary>Looks each candidate up in a list of more postings, a block of them at once.</summary>
    /// <returns>As <see cref="FindPostings"/>.</returns>
    private int FindCandidates(ushort* locals, int count, ReadOnlySpan<int> passages, int firstPassage)
    {
        var hits = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_hits, 0);
        var (found, next) = (0, 0);
        for (var start = 0; start < count; start += Block)
        {
            // The last block looks beyond the list; what is found there does not count.
            var length = Math.Min(Block, count - start);
            var block = locals + start;
            var (last, within) = (block[length - 1], ulong.MaxValue >> (Block - length));
            var (low, high) = (Vector512.Load(block), Vector512.Load(block + (Block / 2)));
            for (; next < passages.Length; next++)
            {
                var local = (ushort)((passages[next] - firstPassage) & (TermEntry.WindowSize - 1));
                if (local > last)
                {
                    break;
                }

                var wanted = Vector512.Create(local);
                var bits = (Vector512.Equals(low, wanted).ExtractMostSignificantBits() | (Vector512.Equals(high, wanted).ExtractMostSignificantBits() << (Block / 2))) & within;
                hits[found] = (ushort)(start + BitOperations.TrailingZeroCount(bits));
                found += bits == 0 ? 0 : 1;
            }
        }

        return found;
    }

    private void AddHits(in PostingList list, double weight, ushort* locals, byte* codes, int found, int first, int windowStart)
    {
        var places = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_places, 0);
        var hits = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_hits, 0);
        var (scores, norms, frequencies) = (_scores, _norms, list.Book.Frequencies);
        for (var hit = 0; hit < found; hit++)
        {
            var p = hits[hit];
            var candidate = first + places[locals[p]] - 1;
            var frequency = frequencies[codes[p]];
            if (frequency == 0)
            {
                frequency = list.Frequency(codes[p], windowStart + locals[p]);
            }

            scores[candidate] += weight * frequency / (frequency + norms[candidate]);
        }
    }

    private void Add(int candidate, double weight, int frequency) => _scores[candidate] += weight * frequency / (frequency + _norms[candidate]);
}

/// <summary>BM25's normalisation of lengths in one index. Usual lengths are worked out once.</summary>
internal sealed class LengthNorm
{
    private readonly double _meanLength;
    private readonly double _k1;
    private readonly double _b;
    private readonly double[] _usual = new double[1 << 10];

    /// <param name="meanLength">Mean length of the index.</param>
    /// <param name="k1">Term-frequency saturation.</param>
    /// <param name="b">Length normalisation.</param>
    public LengthNorm(double meanLength, double k1, double b)
    {
        (_meanLength, _k1, _b) = (meanLength, k1, b);
        for (var length = 0; length < _usual.Length; length++)
        {
            _usual[length] = Compute(length);
        }
    }

    public double Of(int length) => (uint)length < (uint)_usual.Length ? _usual[length] : Compute(length);

    private double Compute(int length) => Bm25.Norm(length / _meanLength, _k1, _b);
}
