using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AgentRag.Retrieval.Lexical;

namespace AgentRag.Retrieval.Dense;

/// <summary>Dot products of a query with rows of int8 codes. Sums of integers: every level gives the same.</summary>
internal static unsafe class DotProducts
{
    // Processors fetch ahead within a page of 4 KiB only; asked this far ahead, a scan is 10-15 % nearer to what memory gives.
    private const int BytesAhead = 8192;

    /// <summary>Computes the dot product of each of some neighbouring rows.</summary>
    /// <param name="level">The vectors to use.</param>
    /// <param name="query">The query's codes, widened: length <paramref name="stride"/>.</param>
    /// <param name="rows">The first row.</param>
    /// <param name="stride">Bytes of a row, a multiple of 64.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="dots">The results: length <paramref name="count"/>.</param>
    public static void Compute(SimdLevel level, short* query, sbyte* rows, int stride, int count, int* dots)
    {
        switch (level)
        {
            case SimdLevel.Vector512:
                Compute512(query, rows, stride, count, dots);
                break;
            case SimdLevel.Vector256:
                Compute256(query, rows, stride, count, dots);
                break;
            default:
                ComputePortable(query, rows, stride, count, dots);
                break;
        }
    }

    /// <summary>Computes the dot product of each of some neighbouring rows.</summary>
    /// <param name="level">The vectors to use.</param>
    /// <param name="query">The query's codes, widened: as long as a row.</param>
    /// <param name="rows">The rows, one behind the other.</param>
    /// <param name="dots">The results: one per row.</param>
    public static void Compute(SimdLevel level, ReadOnlySpan<short> query, ReadOnlySpan<sbyte> rows, Span<int> dots)
    {
        if (rows.Length != query.Length * dots.Length)
        {
            throw new ArgumentException($"{dots.Length} rows of {query.Length} codes are needed: got {rows.Length} codes.", nameof(rows));
        }

        fixed (short* q = query)
        fixed (sbyte* r = rows)
        fixed (int* d = dots)
        {
            Compute(level, q, r, query.Length, dots.Length, d);
        }
    }

    private static void Compute512(short* query, sbyte* rows, int stride, int count, int* dots)
    {
        for (var row = 0; row < count; row++, rows += stride)
        {
            var (even, odd) = (Vector512<int>.Zero, Vector512<int>.Zero);
            for (var i = 0; i < stride; i += 64)
            {
                Sse.Prefetch0(rows + i + BytesAhead);
                even += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(rows + i)), Vector512.Load(query + i));
                odd += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(rows + i + 32)), Vector512.Load(query + i + 32));
            }

            dots[row] = Vector512.Sum(even + odd);
        }
    }

    private static void Compute256(short* query, sbyte* rows, int stride, int count, int* dots)
    {
        for (var row = 0; row < count; row++, rows += stride)
        {
            var (even, odd) = (Vector256<int>.Zero, Vector256<int>.Zero);
            for (var i = 0; i < stride; i += 64)
            {
                Sse.Prefetch0(rows + i + BytesAhead);
                for (var part = i; part < i + 64; part += 32)
                {
                    even += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(rows + part)), Vector256.Load(query + part));
                    odd += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(rows + part + 16)), Vector256.Load(query + part + 16));
                }
            }

            dots[row] = Vector256.Sum(even + odd);
        }
    }

    /// <summary>What any processor's 128-bit vectors do, or the runtime in their place.</summary>
    private static void ComputePortable(short* query, sbyte* rows, int stride, int count, int* dots)
    {
        for (var row = 0; row < count; row++, rows += stride)
        {
            var sum = Vector128<int>.Zero;
            for (var i = 0; i < stride; i += 16)
            {
                // A product of two codes is at most 127 x 127 and fits into 16 bits; the sum of two of them does as well, and no more.
                var (low, high) = Vector128.Widen(Vector128.Load(rows + i));
                var products = (low * Vector128.Load(query + i)) + (high * Vector128.Load(query + i + 8));
                var (first, second) = Vector128.Widen(products);
                sum += first + second;
            }

            dots[row] = Vector128.Sum(sum);
        }
    }
}
