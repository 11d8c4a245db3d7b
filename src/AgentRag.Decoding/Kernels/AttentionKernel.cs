using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Decoding.Kernels;

/// <summary>Scores of queries against cached keys, and sums of cached values.</summary>
/// <remarks>
/// Keys lie in blocks of 32 positions, transposed: for each dimension 32 numbers, so that a vector lane is a position. Values lie position after
/// position. A score is one chain of fused multiply-adds over the dimensions, a sum one chain over the positions, in order: tiles change no bit.
/// </remarks>
internal static unsafe class AttentionKernel<TFormat>
    where TFormat : struct, IFloatFormat
{
    /// <summary>Positions of a block of keys.</summary>
    public const int BlockPositions = 32;

    /// <summary>Queries scored at a time: their number is filled up to a multiple of it.</summary>
    public const int TileQueries = 4;

    /// <summary>Scores queries against whole blocks of keys.</summary>
    /// <param name="wide">Whether to use 512-bit vectors.</param>
    /// <param name="keys">The first block.</param>
    /// <param name="blocks">How many blocks.</param>
    /// <param name="width">Dimensions of a head.</param>
    /// <param name="queries">Rows of <paramref name="width"/> numbers.</param>
    /// <param name="count">Queries, a multiple of <see cref="TileQueries"/>.</param>
    /// <param name="scores">For each query a row that begins with the first block's first position.</param>
    /// <param name="stride">From one row of scores to the next.</param>
    public static void Score(bool wide, byte* keys, int blocks, int width, float* queries, int count, float* scores, long stride)
    {
        for (var block = 0; block < blocks; block++)
        {
            for (var query = 0; query < count; query += TileQueries)
            {
                var target = scores + (query * stride) + (block * BlockPositions);
                if (wide)
                {
                    Score512(keys, width, queries + (query * width), target, stride);
                }
                else
                {
                    Score256(keys, width, queries + (query * width), target, stride);
                    Score256(keys, width, queries + ((query + 2) * width), target + (2 * stride), stride);
                }
            }

            keys += (long)BlockPositions * width * TFormat.Width;
        }
    }

    /// <summary>Adds weighted values to the outputs of four queries.</summary>
    /// <param name="wide">Whether to use 512-bit vectors.</param>
    /// <param name="values">The first position's values.</param>
    /// <param name="positions">How many positions.</param>
    /// <param name="width">Dimensions of a head, a multiple of 16.</param>
    /// <param name="weights">For each query a row that begins with the first position's weight.</param>
    /// <param name="stride">From one row of weights to the next.</param>
    /// <param name="output">Rows of <paramref name="width"/> numbers, added to.</param>
    public static void AddFour(bool wide, byte* values, int positions, int width, float* weights, long stride, float* output)
    {
        var dimension = 0;
        for (; wide && dimension + 32 <= width; dimension += 32)
        {
            AddFour512(values + (dimension * TFormat.Width), positions, width, weights, stride, output + dimension);
        }

        for (; dimension < width; dimension += 16)
        {
            AddFour256(values + (dimension * TFormat.Width), positions, width, weights, stride, output + dimension);
        }
    }

    /// <summary>Adds weighted values to the output of one query.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddOne(byte* values, int positions, int width, float* weights, float* output)
    {
        for (var dimension = 0; dimension < width; dimension += 16)
        {
            var (o0, o1) = (Vector256.Load(output + dimension), Vector256.Load(output + dimension + 8));
            var source = values + (dimension * TFormat.Width);
            for (var position = 0; position < positions; position++)
            {
                var weight = Vector256.Create(weights[position]);
                o0 = Vector256.FusedMultiplyAdd(TFormat.Load256(source), weight, o0);
                o1 = Vector256.FusedMultiplyAdd(TFormat.Load256(source + (8 * TFormat.Width)), weight, o1);
                source += (long)width * TFormat.Width;
            }

            o0.Store(output + dimension);
            o1.Store(output + dimension + 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score512(byte* keys, int width, float* q, float* scores, long stride)
    {
        Vector512<float> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        for (var d = 0; d < width; d++)
        {
            var (k0, k1) = (TFormat.Load512(keys), TFormat.Load512(keys + (16 * TFormat.Width)));
            var value = Vector512.Create(q[d]);
            s00 = Vector512.FusedMultiplyAdd(k0, value, s00);
            s01 = Vector512.FusedMultiplyAdd(k1, value, s01);
            value = Vector512.Create(q[d + width]);
            s10 = Vector512.FusedMultiplyAdd(k0, value, s10);
            s11 = Vector512.FusedMultiplyAdd(k1, value, s11);
            value = Vector512.Create(q[d + (2 * width)]);
            s20 = Vector512.FusedMultiplyAdd(k0, value, s20);
            s21 = Vector512.FusedMultiplyAdd(k1, value, s21);
            value = Vector512.Create(q[d + (3 * width)]);
            s30 = Vector512.FusedMultiplyAdd(k0, value, s30);
            s31 = Vector512.FusedMultiplyAdd(k1, value, s31);
            keys += BlockPositions * TFormat.Width;
        }

        s00.Store(scores);
        s01.Store(scores + 16);
        s10.Store(scores + stride);
        s11.Store(scores + stride + 16);
        s20.Store(scores + (2 * stride));
        s21.Store(scores + (2 * stride) + 16);
        s30.Store(scores + (3 * stride));
        s31.Store(scores + (3 * stride) + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score256(byte* keys, int width, float* q, float* scores, long stride)
    {
        Vector256<float> s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        for (var d = 0; d < width; d++)
        {
            var (q0, q1) = (Vector256.Create(q[d]), Vector256.Create(q[d + width]));
            var key = TFormat.Load256(keys);
            s00 = Vector256.FusedMultiplyAdd(key, q0, s00);
            s10 = Vector256.FusedMultiplyAdd(key, q1, s10);
            key = TFormat.Load256(keys + (8 * TFormat.Width));
            s01 = Vector256.FusedMultiplyAdd(key, q0, s01);
            s11 = Vector256.FusedMultiplyAdd(key, q1, s11);
            key = TFormat.Load256(keys + (16 * TFormat.Width));
            s02 = Vector256.FusedMultiplyAdd(key, q0, s02);
            s12 = Vector256.FusedMultiplyAdd(key, q1, s12);
            key = TFormat.Load256(keys + (24 * TFormat.Width));
            s03 = Vector256.FusedMultiplyAdd(key, q0, s03);
            s13 = Vector256.FusedMultiplyAdd(key, q1, s13);
            keys += BlockPositions * TFormat.Width;
        }

        s00.Store(scores);
        s01.Store(scores + 8);
        s02.Store(scores + 16);
        s03.Store(scores + 24);
        s10.Store(scores + stride);
        s11.Store(scores + stride + 8);
        s12.Store(scores + stride + 16);
        s13.Store(scores + stride + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour512(byte* values, int positions, int width, float* weights, long stride, float* output)
    {
        var (o00, o01) = (Vector512.Load(output), Vector512.Load(output + 16));
        var (o10, o11) = (Vector512.Load(output + width), Vector512.Load(output + width + 16));
        var (o20, o21) = (Vector512.Load(output + (2 * width)), Vector512.Load(output + (2 * width) + 16));
        var (o30, o31) = (Vector512.Load(output + (3 * width)), Vector512.Load(output + (3 * width) + 16));
        for (var position = 0; position < positions; position++)
        {
            var (v0, v1) = (TFormat.Load512(values), TFormat.Load512(values + (16 * TFormat.Width)));
            var weight = Vector512.Create(weights[position]);
            o00 = Vector512.FusedMultiplyAdd(v0, weight, o00);
            o01 = Vector512.FusedMultiplyAdd(v1, weight, o01);
            weight = Vector512.Create(weights[position + stride]);
            o10 = Vector512.FusedMultiplyAdd(v0, weight, o10);
            o11 = Vector512.FusedMultiplyAdd(v1, weight, o11);
            weight = Vector512.Create(weights[position + (2 * stride)]);
            o20 = Vector512.FusedMultiplyAdd(v0, weight, o20);
            o21 = Vector512.FusedMultiplyAdd(v1, weight, o21);
            weight = Vector512.Create(weights[position + (3 * stride)]);
            o30 = Vector512.FusedMultiplyAdd(v0, weight, o30);
            o31 = Vector512.FusedMultiplyAdd(v1, weight, o31);
            values += (long)width * TFormat.Width;
        }

        o00.Store(output);
        o01.Store(output + 16);
        o10.Store(output + width);
        o11.Store(output + width + 16);
        o20.Store(output + (2 * width));
        o21.Store(output + (2 * width) + 16);
        o30.Store(output + (3 * width));
        o31.Store(output + (3 * width) + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour256(byte* values, int positions, int width, float* weights, long stride, float* output)
    {
        var (o00, o01) = (Vector256.Load(output), Vector256.Load(output + 8));
        var (o10, o11) = (Vector256.Load(output + width), Vector256.Load(output + width + 8));
        var (o20, o21) = (Vector256.Load(output + (2 * width)), Vector256.Load(output + (2 * width) + 8));
        var (o30, o31) = (Vector256.Load(output + (3 * width)), Vector256.Load(output + (3 * width) + 8));
        for (var position = 0; position < positions; position++)
        {
            var (v0, v1) = (TFormat.Load256(values), TFormat.Load256(values + (8 * TFormat.Width)));
            var weight = Vector256.Create(weights[position]);
            o00 = Vector256.FusedMultiplyAdd(v0, weight, o00);
            o01 = Vector256.FusedMultiplyAdd(v1, weight, o01);
            weight = Vector256.Create(weights[position + stride]);
            o10 = Vector256.FusedMultiplyAdd(v0, weight, o10);
            o11 = Vector256.FusedMultiplyAdd(v1, weight, o11);
            weight = Vector256.Create(weights[position + (2 * stride)]);
            o20 = Vector256.FusedMultiplyAdd(v0, weight, o20);
            o21 = Vector256.FusedMultiplyAdd(v1, weight, o21);
            weight = Vector256.Create(weights[position + (3 * stride)]);
            o30 = Vector256.FusedMultiplyAdd(v0, weight, o30);
            o31 = Vector256.FusedMultiplyAdd(v1, weight, o31);
            values += (long)width * TFormat.Width;
        }

        o00.Store(output);
        o01.Store(output + 8);
        o10.Store(output + width);
        o11.Store(output + width + 8);
        o20.Store(output + (2 * width));
        o21.Store(output + (2 * width) + 8);
        o30.Store(output + (3 * width));
        o31.Store(output + (3 * width) + 8);
    }
}
