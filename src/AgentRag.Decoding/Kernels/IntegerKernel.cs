using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AgentRag.Decoding.Kernels;

/// <summary>Products of one group of 16 integer rows with rows of 8-bit activations.</summary>
/// <remarks>
/// For each weight row and token: sum over blocks, in order, of fma(integer sum, weight scale · activation scale, so far), and where there are minima
/// fma(−minimum, activation scale · sum of codes, so far). Integer sums are exact, so tiles, tokens at a time and instructions change no bit.
/// </remarks>
internal static unsafe class IntegerKernel<TDot, TFormat>
    where TDot : struct, IDotProduct
    where TFormat : struct, IIntegerFormat
{
    /// <summary>Tokens of the large tile.</summary>
    public const int TileTokens = 4;

    private static int Offset => TFormat.IsWide && TDot.RemovesOffset ? 0 : TFormat.Offset;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(byte* codes, byte* scales, Activations x, int firstToken, int tokens, float* output, long stride)
    {
        var token = 0;
        for (; token + TileTokens <= tokens; token += TileTokens)
        {
            Tile(codes, scales, x, firstToken + token, output + (token * stride), stride);
        }

        for (; token < tokens; token++)
        {
            One(codes, scales, x, firstToken + token, output + (token * stride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(byte* codes, byte* scales, Activations x, int token, float* output)
    {
        var (f0, f1) = (Vector256<float>.Zero, Vector256<float>.Zero);
        var xCodes = x.Codes(token);
        var xScales = x.Scales(token);
        var xSums = x.Sums(token);
        var blocks = x.Blocks;
        for (var block = 0; block < blocks; block++)
        {
            var xScale = Vector256.Create(xScales[block]);
            if (TFormat.Runs == 1)
            {
                var start = Vector256.Create(-Offset * (xSums[2 * block] + xSums[(2 * block) + 1]));
                var (a0, a1) = (start, start);
                for (var quad = 0; quad < 8; quad++)
                {
                    var xs = Broadcast(xCodes, quad);
                    a0 = Dot(a0, TFormat.Codes(codes, quad, 0), xs);
                    a1 = Dot(a1, TFormat.Codes(codes, quad, 1), xs);
                }

                f0 = Fma.MultiplyAdd(Vector256.ConvertToSingle(a0), TFormat.Scales(scales, block, 0, 0) * xScale, f0);
                f1 = Fma.MultiplyAdd(Vector256.ConvertToSingle(a1), TFormat.Scales(scales, block, 0, 1) * xScale, f1);
                if (TFormat.HasMinimum)
                {
                    var xSum = Vector256.Create(xScales[block] * (xSums[2 * block] + xSums[(2 * block) + 1]));
                    f0 = Fma.MultiplyAddNegated(TFormat.Minima(scales, block, 0), xSum, f0);
                    f1 = Fma.MultiplyAddNegated(TFormat.Minima(scales, block, 1), xSum, f1);
                }
            }
            else
            {
                for (var run = 0; run < 2; run++)
                {
                    var start = Vector256.Create(-Offset * xSums[(2 * block) + run]);
                    var (a0, a1) = (start, start);
                    for (var quad = run * 4; quad < (run * 4) + 4; quad++)
                    {
                        var xs = Broadcast(xCodes, quad);
                        a0 = Dot(a0, TFormat.Codes(codes, quad, 0), xs);
                        a1 = Dot(a1, TFormat.Codes(codes, quad, 1), xs);
                    }

                    f0 = Fma.MultiplyAdd(Vector256.ConvertToSingle(a0), TFormat.Scales(scales, block, run, 0) * xScale, f0);
                    f1 = Fma.MultiplyAdd(Vector256.ConvertToSingle(a1), TFormat.Scales(scales, block, run, 1) * xScale, f1);
                }
            }

            codes += TFormat.BlockBytes;
            xCodes += PackedMatrix.BlockColumns;
        }

        f0.Store(output);
        f1.Store(output + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(byte* codes, byte* scales, Activations x, int token, float* output, long stride)
    {
        Vector256<float> f00 = default, f01 = default, f10 = default, f11 = default, f20 = default, f21 = default, f30 = default, f31 = default;
        var (x0, x1, x2, x3) = (new Row(x, token), new Row(x, token + 1), new Row(x, token + 2), new Row(x, token + 3));
        var blocks = x.Blocks;
        for (var block = 0; block < blocks; block++)
        {
            for (var run = 0; run < TFormat.Runs; run++)
            {
                Vector256<int> a00, a01, a10, a11, a20, a21, a30, a31;
                a00 = a01 = Start(x0.Sums, block, run);
                a10 = a11 = Start(x1.Sums, block, run);
                a20 = a21 = Start(x2.Sums, block, run);
                a30 = a31 = Start(x3.Sums, block, run);
                var quads = 8 / TFormat.Runs;
                for (var quad = run * quads; quad < (run + 1) * quads; quad++)
                {
                    var (w0, w1) = (TFormat.Codes(codes, quad, 0), TFormat.Codes(codes, quad, 1));
                    var xs = Broadcast(x0.Codes, quad);
                    a00 = Dot(a00, w0, xs);
                    a01 = Dot(a01, w1, xs);
                    xs = Broadcast(x1.Codes, quad);
                    a10 = Dot(a10, w0, xs);
                    a11 = Dot(a11, w1, xs);
                    xs = Broadcast(x2.Codes, quad);
                    a20 = Dot(a20, w0, xs);
                    a21 = Dot(a21, w1, xs);
                    xs = Broadcast(x3.Codes, quad);
                    a30 = Dot(a30, w0, xs);
                    a31 = Dot(a31, w1, xs);
                }

                var (s0, s1) = (TFormat.Scales(scales, block, run, 0), TFormat.Scales(scales, block, run, 1));
                f00 = Scaled(a00, s0, x0.Scales, block, f00);
                f01 = Scaled(a01, s1, x0.Scales, block, f01);
                f10 = Scaled(a10, s0, x1.Scales, block, f10);
                f11 = Scaled(a11, s1, x1.Scales, block, f11);
                f20 = Scaled(a20, s0, x2.Scales, block, f20);
                f21 = Scaled(a21, s1, x2.Scales, block, f21);
                f30 = Scaled(a30, s0, x3.Scales, block, f30);
                f31 = Scaled(a31, s1, x3.Scales, block, f31);
            }

            if (TFormat.HasMinimum)
            {
                var (m0, m1) = (TFormat.Minima(scales, block, 0), TFormat.Minima(scales, block, 1));
                f00 = WithoutMinimum(m0, x0, block, f00);
                f01 = WithoutMinimum(m1, x0, block, f01);
                f10 = WithoutMinimum(m0, x1, block, f10);
                f11 = WithoutMinimum(m1, x1, block, f11);
                f20 = WithoutMinimum(m0, x2, block, f20);
                f21 = WithoutMinimum(m1, x2, block, f21);
                f30 = WithoutMinimum(m0, x3, block, f30);
                f31 = WithoutMinimum(m1, x3, block, f31);
            }

            codes += TFormat.BlockBytes;
            x0.Codes += PackedMatrix.BlockColumns;
            x1.Codes += PackedMatrix.BlockColumns;
            x2.Codes += PackedMatrix.BlockColumns;
            x3.Codes += PackedMatrix.BlockColumns;
        }

        f00.Store(output);
        f01.Store(output + 8);
        f10.Store(output + stride);
        f11.Store(output + stride + 8);
        f20.Store(output + (2 * stride));
        f21.Store(output + (2 * stride) + 8);
        f30.Store(output + (3 * stride));
        f31.Store(output + (3 * stride) + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Broadcast(sbyte* codes, int quad) => Vector256.Create(((int*)codes)[quad]).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x) => TFormat.IsWide ? TDot.AddWide(sum, codes, x) : TDot.Add(sum, codes, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Start(int* sums, int block, int run) =>
        Vector256.Create(-Offset * (TFormat.Runs == 1 ? sums[2 * block] + sums[(2 * block) + 1] : sums[(2 * block) + run]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scaled(Vector256<int> sum, Vector256<float> scales, float* xScales, int block, Vector256<float> soFar) =>
        Fma.MultiplyAdd(Vector256.ConvertToSingle(sum), scales * Vector256.Create(xScales[block]), soFar);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> WithoutMinimum(Vector256<float> minima, Row x, int block, Vector256<float> soFar) =>
        Fma.MultiplyAddNegated(minima, Vector256.Create(x.Scales[block] * (x.Sums[2 * block] + x.Sums[(2 * block) + 1])), soFar);

    [StructLayout(LayoutKind.Auto)]
    private struct Row(Activations x, int token)
    {
        public sbyte* Codes = x.Codes(token);
        public readonly float* Scales = x.Scales(token);
        public readonly int* Sums = x.Sums(token);
    }
}

/// <summary>The same products without special instructions.</summary>
internal static unsafe class PortableIntegerKernel<TFormat>
    where TFormat : struct, IIntegerFormat
{
    public static void Multiply(byte* codes, byte* scales, Activations x, int firstToken, int tokens, float* output, long stride)
    {
        var quads = 8 / TFormat.Runs;
        for (var token = 0; token < tokens; token++)
        {
            var xCodes = x.Codes(firstToken + token);
            var xScales = x.Scales(firstToken + token);
            var xSums = x.Sums(firstToken + token);
            for (var lane = 0; lane < PackedMatrix.GroupRows; lane++)
            {
                var sum = 0f;
                for (var block = 0; block < x.Blocks; block++)
                {
                    var codesOfBlock = codes + ((long)block * TFormat.BlockBytes);
                    for (var run = 0; run < TFormat.Runs; run++)
                    {
                        var dot = -TFormat.Offset * (TFormat.Runs == 1 ? xSums[2 * block] + xSums[(2 * block) + 1] : xSums[(2 * block) + run]);
                        for (var i = run * quads * 4; i < (run + 1) * quads * 4; i++)
                        {
                            dot += TFormat.Code(codesOfBlock, i / 4, lane, i % 4) * xCodes[(block * PackedMatrix.BlockColumns) + i];
                        }

                        sum = MathF.FusedMultiplyAdd(dot, TFormat.Scales(scales, block, run, lane / 8)[lane % 8] * xScales[block], sum);
                    }

                    if (TFormat.HasMinimum)
                    {
                        var xSum = xScales[block] * (xSums[2 * block] + xSums[(2 * block) + 1]);
                        sum = MathF.FusedMultiplyAdd(-TFormat.Minima(scales, block, lane / 8)[lane % 8], xSum, sum);
                    }
                }

                output[(token * stride) + lane] = sum;
            }
        }
    }
}
