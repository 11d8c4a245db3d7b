using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Decoding.Kernels;

/// <summary>How a floating-point type is widened to single precision.</summary>
internal unsafe interface IFloatFormat
{
    /// <summary>Bytes of a number.</summary>
    static abstract int Width { get; }

    static abstract Vector256<float> Load256(byte* source);

    static abstract Vector512<float> Load512(byte* source);
}

/// <summary>Single precision.</summary>
internal readonly unsafe struct F32Format : IFloatFormat
{
    public static int Width => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* source) => Vector256.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* source) => Vector512.Load((float*)source);
}

/// <summary>Half precision.</summary>
internal readonly unsafe struct F16Format : IFloatFormat
{
    public static int Width => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* source) => Lanes.HalfToSingle((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* source) => Lanes.HalfToSingle512((ushort*)source);
}

/// <summary>The upper half of single precision.</summary>
internal readonly unsafe struct BF16Format : IFloatFormat
{
    public static int Width => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* source) => Lanes.BFloat16ToSingle((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* source) => Lanes.BFloat16ToSingle512((ushort*)source);
}

/// <summary>Products of one group of 16 floating-point rows with rows of activations.</summary>
/// <remarks>For each weight row and token one chain of fused multiply-adds over the columns in order, so tiles and vector widths change no bit.</remarks>
internal static unsafe class FloatKernel<TFormat>
    where TFormat : struct, IFloatFormat
{
    /// <summary>With 512-bit vectors: one per column, eight tokens at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply512(byte* weights, Activations x, int firstToken, int tokens, float* output, long stride)
    {
        var (token, columns, row) = (0, x.Columns, x.Stride);
        for (; token + 8 <= tokens; token += 8)
        {
            Vector512<float> f0 = default, f1 = default, f2 = default, f3 = default, f4 = default, f5 = default, f6 = default, f7 = default;
            var w = weights;
            var x0 = x.Values(firstToken + token);
            var x4 = x0 + (4 * row);
            for (var k = 0; k < columns; k++)
            {
                var column = TFormat.Load512(w);
                f0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[k]), f0);
                f1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[k + row]), f1);
                f2 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[k + (2 * row)]), f2);
                f3 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[k + (3 * row)]), f3);
                f4 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x4[k]), f4);
                f5 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x4[k + row]), f5);
                f6 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x4[k + (2 * row)]), f6);
                f7 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x4[k + (3 * row)]), f7);
                w += 16 * TFormat.Width;
            }

            var target = output + (token * stride);
            f0.Store(target);
            f1.Store(target + stride);
            f2.Store(target + (2 * stride));
            f3.Store(target + (3 * stride));
            f4.Store(target + (4 * stride));
            f5.Store(target + (5 * stride));
            f6.Store(target + (6 * stride));
            f7.Store(target + (7 * stride));
        }

        for (; token < tokens; token++)
        {
            var f = Vector512<float>.Zero;
            var w = weights;
            var x0 = x.Values(firstToken + token);
            for (var k = 0; k < columns; k++)
            {
                f = Vector512.FusedMultiplyAdd(TFormat.Load512(w), Vector512.Create(x0[k]), f);
                w += 16 * TFormat.Width;
            }

            f.Store(output + (token * stride));
        }
    }

    /// <summary>With 256-bit vectors, or whatever the processor has in their place: two per column, four tokens at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply256(byte* weights, Activations x, int firstToken, int tokens, float* output, long stride)
    {
        var (token, columns, row) = (0, x.Columns, x.Stride);
        for (; token + 4 <= tokens; token += 4)
        {
            Vector256<float> f00 = default, f01 = default, f10 = default, f11 = default, f20 = default, f21 = default, f30 = default, f31 = default;
            var w = weights;
            var x0 = x.Values(firstToken + token);
            for (var k = 0; k < columns; k++)
            {
                var (c0, c1) = (TFormat.Load256(w), TFormat.Load256(w + (8 * TFormat.Width)));
                var value = Vector256.Create(x0[k]);
                f00 = Vector256.FusedMultiplyAdd(c0, value, f00);
                f01 = Vector256.FusedMultiplyAdd(c1, value, f01);
                value = Vector256.Create(x0[k + row]);
                f10 = Vector256.FusedMultiplyAdd(c0, value, f10);
                f11 = Vector256.FusedMultiplyAdd(c1, value, f11);
                value = Vector256.Create(x0[k + (2 * row)]);
                f20 = Vector256.FusedMultiplyAdd(c0, value, f20);
                f21 = Vector256.FusedMultiplyAdd(c1, value, f21);
                value = Vector256.Create(x0[k + (3 * row)]);
                f30 = Vector256.FusedMultiplyAdd(c0, value, f30);
                f31 = Vector256.FusedMultiplyAdd(c1, value, f31);
                w += 16 * TFormat.Width;
            }

            var target = output + (token * stride);
            f00.Store(target);
            f01.Store(target + 8);
            f10.Store(target + stride);
            f11.Store(target + stride + 8);
            f20.Store(target + (2 * stride));
            f21.Store(target + (2 * stride) + 8);
            f30.Store(target + (3 * stride));
            f31.Store(target + (3 * stride) + 8);
        }

        for (; token < tokens; token++)
        {
            var (f0, f1) = (Vector256<float>.Zero, Vector256<float>.Zero);
            var w = weights;
            var x0 = x.Values(firstToken + token);
            for (var k = 0; k < columns; k++)
            {
                var value = Vector256.Create(x0[k]);
                f0 = Vector256.FusedMultiplyAdd(TFormat.Load256(w), value, f0);
                f1 = Vector256.FusedMultiplyAdd(TFormat.Load256(w + (8 * TFormat.Width)), value, f1);
                w += 16 * TFormat.Width;
            }

            f0.Store(output + (token * stride));
            f1.Store(output + (token * stride) + 8);
        }
    }
}
