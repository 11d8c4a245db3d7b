using System.Numerics;
using System.Runtime.Intrinsics;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval.Lexical;

namespace AgentRag.Retrieval.Dense;

/// <summary>Finds the rows of a store that are nearest to a query, by looking at all of them.</summary>
/// <param name="store">The store.</param>
/// <param name="simd">The vectors to use.</param>
/// <param name="threads">Threads of a scan.</param>
internal sealed unsafe class VectorScan(VectorStore store, SimdLevel simd, int threads)
{
    private const int RowsAtOnce = 256;

    // What a thread takes at a time: large enough not to matter, small enough that threads end together.
    private const int RowsPerPart = 16_384;

    private readonly RowPart[] _parts = Parts(store.Segments);

    /// <summary>The rows with the largest dot products of int8 codes.</summary>
    /// <param name="query">The query.</param>
    /// <param name="count">How many rows, ≥ 1.</param>
    /// <param name="allowed">One bit per row that may be returned.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    /// <returns>Rows and scores, best first; of equal scores the earlier row first.</returns>
    public (int Row, float Score)[] Nearest(VectorQuery query, int count, ulong[] allowed, CancellationToken cancellationToken) =>
        Scan(count, (part, top) => ScanCodes(part, query, allowed, top), cancellationToken);

    /// <summary>The rows whose signs differ least from the query's.</summary>
    /// <returns>Rows, nearest first; of equal ones the earlier first. The score is minus the number of different signs.</returns>
    public (int Row, float Score)[] NearestBySigns(VectorQuery query, int count, ulong[] allowed, CancellationToken cancellationToken) =>
        Scan(count, (part, top) => ScanSigns(part, query, allowed, top), cancellationToken);

    /// <summary>The best of some rows by int8 codes.</summary>
    public (int Row, float Score)[] NearestOf(ReadOnlySpan<int> rows, VectorQuery query, int count)
    {
        var top = new TopRows(Math.Min(count, rows.Length));
        foreach (var row in rows)
        {
            var (segment, local) = Find(row);
            var dot = 0;
            DotProducts.Compute(simd, query.Codes, new(segment.Codes + ((long)local * store.Layout.Stride), store.Layout.Stride), new(ref dot));
            top.Add(row, dot * segment.Scales[local] * query.Scale);
        }

        return TopRows.Merge([top], count);
    }

    /// <summary>The exact product of the query with a row: with its float32 components, or with what its codes stand for.</summary>
    public float Score(int row, VectorQuery query, bool withFloats, Span<float> buffer)
    {
        var (segment, local) = Find(row);
        if (withFloats)
        {
            return FloatDot.Of(query.Unit, segment.Floats(local));
        }

        var codes = segment.Codes + ((long)local * store.Layout.Stride);
        for (var i = 0; i < buffer.Length; i++)
        {
            buffer[i] = codes[i];
        }

        return FloatDot.Of(query.Unit, buffer) * segment.Scales[local];
    }

    private static RowPart[] Parts(IReadOnlyList<VectorSegment> segments)
    {
        List<RowPart> parts = [];
        var firstRow = 0;
        foreach (var segment in segments)
        {
            for (var first = 0; first < segment.Rows; first += RowsPerPart)
            {
                parts.Add(new(segment, firstRow + first, first, Math.Min(RowsPerPart, segment.Rows - first)));
            }

            firstRow += segment.Rows;
        }

        return [.. parts];
    }

    private (int Row, float Score)[] Scan(int count, Action<RowPart, TopRows> scan, CancellationToken cancellationToken)
    {
        var workers = Math.Clamp(threads, 1, Math.Max(1, _parts.Length));
        var tops = Enumerable.Range(0, workers).Select(_ => new TopRows(Math.Min(count, store.Count))).ToArray();
        var next = -1;
        if (workers == 1)
        {
            Work(0);
        }
        else
        {
            Parallel.For(0, workers, Work);
        }

        // The threads hold pointers into mapped files.
        GC.KeepAlive(store);
        cancellationToken.ThrowIfCancellationRequested();
        return TopRows.Merge(tops, count);

        void Work(int worker)
        {
            for (var part = Interlocked.Increment(ref next); part < _parts.Length && !cancellationToken.IsCancellationRequested; part = Interlocked.Increment(ref next))
            {
                scan(_parts[part], tops[worker]);
            }
        }
    }

    private void ScanCodes(RowPart part, VectorQuery query, ulong[] allowed, TopRows top)
    {
        var dots = stackalloc int[RowsAtOnce];
        var (codes, scales, stride) = ((nint)part.Segment.Codes, (nint)part.Segment.Scales, store.Layout.Stride);
        fixed (short* queryCodes = query.Codes)
        {
            for (var first = 0; first < part.Count; first += RowsAtOnce)
            {
                var (count, row) = (Math.Min(RowsAtOnce, part.Count - first), part.First + first);
                DotProducts.Compute(simd, queryCodes, (sbyte*)codes + ((long)row * stride), stride, count, dots);
                AddScores(dots, (float*)scales + row, count, query.Scale, part.FirstRow + first, allowed, top);
            }
        }
    }

    private static void AddScores(int* dots, float* scales, int count, float queryScale, int firstRow, ulong[] allowed, TopRows top)
    {
        for (var i = 0; i < count; i += Vector512<int>.Count)
        {
            // Almost always none of sixteen rows gets in. Multiplied in the same order as below, so that no rounding tells them apart.
            if (i + Vector512<int>.Count <= count
                && !Vector512.GreaterThanOrEqualAny(
                    Vector512.ConvertToSingle(Vector512.Load(dots + i)) * Vector512.Load(scales + i) * Vector512.Create(queryScale), Vector512.Create(top.Threshold)))
            {
                continue;
            }

            for (var j = i; j < Math.Min(count, i + Vector512<int>.Count); j++)
            {
                var score = dots[j] * scales[j] * queryScale;
                if (score >= top.Threshold && IsSet(allowed, firstRow + j))
                {
                    top.Add(firstRow + j, score);
                }
            }
        }
    }

    private void ScanSigns(RowPart part, VectorQuery query, ulong[] allowed, TopRows top)
    {
        var words = query.Signs.Length;
        var signs = part.Segment.Signs + ((long)part.First * words);
        fixed (ulong* querySigns = query.Signs)
        {
            // As an integer beside the loop: it is compared for every row and seldom changes.
            var limit = (int)-Math.Max(top.Threshold, -VectorLayout.MaxDimensions);
            for (var i = 0; i < part.Count; i++, signs += words)
            {
                var different = 0;
                for (var word = 0; word < words; word++)
                {
                    different += BitOperations.PopCount(signs[word] ^ querySigns[word]);
                }

                if (different <= limit && IsSet(allowed, part.FirstRow + i))
                {
                    top.Add(part.FirstRow + i, -different);
                    limit = (int)-Math.Max(top.Threshold, -VectorLayout.MaxDimensions);
                }
            }
        }
    }

    private (VectorSegment Segment, int Row) Find(int row)
    {
        var segment = 0;
        for (; row >= store.Segments[segment].Rows; segment++)
        {
            row -= store.Segments[segment].Rows;
        }

        return (store.Segments[segment], row);
    }

    private static bool IsSet(ulong[] bits, int index) => (bits[index >> 6] >> index & 1) != 0;

    /// <summary>Neighbouring rows of a segment.</summary>
    /// <param name="Segment">The segment.</param>
    /// <param name="FirstRow">The first row's number in the store.</param>
    /// <param name="First">Its number in the segment.</param>
    /// <param name="Count">How many rows.</param>
    private sealed record RowPart(VectorSegment Segment, int FirstRow, int First, int Count);
}
