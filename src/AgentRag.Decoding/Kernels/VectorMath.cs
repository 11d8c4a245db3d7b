using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Decoding.Kernels;

/// <summary>What is done to rows between the matrices. Lengths are multiples of 16. Sums are taken in one fixed order, so no result depends on the processor.</summary>
internal static unsafe class VectorMath
{
    private const float Log2E = 1.44269504088896341f;

    // ln 2 in two parts, the first with so few bits that its product with a small whole number is exact.
    private const float Ln2Upper = 0.693359375f;
    private const float Ln2Lower = -2.12194440054690583e-4f;

    // Above it 2^x overflows; below minus it the result is taken to be zero.
    private const float ExpLimit = 87.5f;

    /// <summary>e^x within 2 units of the last place in [-87.5, 87.5]; above, e^87.5; below, 0.</summary>
    /// <remarks>x = n ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor series to the seventh power; 2^n by its exponent bits.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        var limited = Vector256.Min(Vector256.Max(x, Vector256.Create(-ExpLimit)), Vector256.Create(ExpLimit));
        var n = Vector256.Round(limited * Vector256.Create(Log2E));
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2Lower), Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2Upper), limited));
        var series = Vector256.Create(1f / 5040);
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 720));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 120));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 24));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 6));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(0.5f));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f));
        var power = Vector256.ShiftLeft(Vector256.ConvertToInt32(n) + Vector256.Create(127), 23).AsSingle();
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(-ExpLimit)), Vector256<float>.Zero, series * power);
    }

    /// <summary>x / sqrt(mean of squares + epsilon), times the weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm(float* x, float* weights, float* output, int length, float epsilon)
    {
        var (s0, s1) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < length; i += 16)
        {
            var (v0, v1) = (Vector256.Load(x + i), Vector256.Load(x + i + 8));
            s0 = Vector256.FusedMultiplyAdd(v0, v0, s0);
            s1 = Vector256.FusedMultiplyAdd(v1, v1, s1);
        }

        var scale = Vector256.Create(1 / MathF.Sqrt((Sum(s0 + s1) / length) + epsilon));
        for (var i = 0; i < length; i += 8)
        {
            (Vector256.Load(x + i) * scale * Vector256.Load(weights + i)).Store(output + i);
        }
    }

    /// <summary>gate · sigmoid(gate) · up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SwiGlu(float* gate, float* up, float* output, int length)
    {
        for (var i = 0; i < length; i += 8)
        {
            var x = Vector256.Load(gate + i);
            (x / (Vector256<float>.One + Exp(-x)) * Vector256.Load(up + i)).Store(output + i);
        }
    }

    /// <summary>(x - mean) / sqrt(variance + epsilon), times the weights, plus the bias. The output may be the input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LayerNorm(float* x, float* weights, float* bias, float* output, int length, float epsilon)
    {
        var (s0, s1) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < length; i += 16)
        {
            s0 += Vector256.Load(x + i);
            s1 += Vector256.Load(x + i + 8);
        }

        // The mean is taken off first: squares of large numbers would leave nothing of a small variance.
        var mean = Vector256.Create(Sum(s0 + s1) / length);
        (s0, s1) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < length; i += 16)
        {
            var (v0, v1) = (Vector256.Load(x + i) - mean, Vector256.Load(x + i + 8) - mean);
            s0 = Vector256.FusedMultiplyAdd(v0, v0, s0);
            s1 = Vector256.FusedMultiplyAdd(v1, v1, s1);
        }

        var scale = Vector256.Create(1 / MathF.Sqrt((Sum(s0 + s1) / length) + epsilon));
        for (var i = 0; i < length; i += 8)
        {
            Vector256.FusedMultiplyAdd((Vector256.Load(x + i) - mean) * scale, Vector256.Load(weights + i), Vector256.Load(bias + i)).Store(output + i);
        }
    }

    /// <summary>x Φ(x), in place.</summary>
    /// <remarks>The error function by Abramowitz and Stegun 7.1.26, within 1.5e-7.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gelu(float* x, int length)
    {
        for (var i = 0; i < length; i += 8)
        {
            var v = Vector256.Load(x + i);
            var z = Vector256.Abs(v) * Vector256.Create(0.70710678118654752f);
            var t = Vector256<float>.One / Vector256.FusedMultiplyAdd(z, Vector256.Create(0.3275911f), Vector256<float>.One);
            var series = Vector256.Create(1.061405429f);
            series = Vector256.FusedMultiplyAdd(series, t, Vector256.Create(-1.453152027f));
            series = Vector256.FusedMultiplyAdd(series, t, Vector256.Create(1.421413741f));
            series = Vector256.FusedMultiplyAdd(series, t, Vector256.Create(-0.284496736f));
            series = Vector256.FusedMultiplyAdd(series, t, Vector256.Create(0.254829592f));

            // Half of what erf lacks to 1: for negative x it is Φ itself, which so keeps its digits.
            var tail = series * t * Exp(-z * z) * Vector256.Create(0.5f);
            (v * Vector256.ConditionalSelect(Vector256.LessThan(v, Vector256<float>.Zero), tail, Vector256<float>.One - tail)).Store(x + i);
        }
    }

    /// <summary>The same by a hyperbolic tangent, as some models were trained: x times the logistic function of 2 √(2/π) (x + 0.044715 x³), in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GeluTanh(float* x, int length)
    {
        for (var i = 0; i < length; i += 8)
        {
            var v = Vector256.Load(x + i);
            var inner = v * Vector256.FusedMultiplyAdd(v * v, Vector256.Create(0.044715f), Vector256<float>.One) * Vector256.Create(1.5957691216057308f);
            (v / (Vector256<float>.One + Exp(-inner))).Store(x + i);
        }
    }

    /// <summary>What is above 0, in place.</summary>
    public static void Relu(float* x, int length)
    {
        for (var i = 0; i < length; i += 8)
        {
            Vector256.Max(Vector256.Load(x + i), Vector256<float>.Zero).Store(x + i);
        }
    }

    /// <summary>x += y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* x, float* y, int length)
    {
        for (var i = 0; i < length; i += 8)
        {
            (Vector256.Load(x + i) + Vector256.Load(y + i)).Store(x + i);
        }
    }

    /// <summary>Makes scores into weights that sum to 1, in place. Scores behind <paramref name="length"/> up to the next multiple of 16 become 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(float* scores, int length)
    {
        var padded = (length + 15) / 16 * 16;
        for (var i = length; i < padded; i++)
        {
            scores[i] = float.NegativeInfinity;
        }

        var largest = Vector256.Create(float.NegativeInfinity);
        for (var i = 0; i < padded; i += 8)
        {
            largest = Vector256.Max(largest, Vector256.Load(scores + i));
        }

        var half = Vector128.Max(largest.GetLower(), largest.GetUpper());
        var maximum = Vector256.Create(MathF.Max(MathF.Max(half[0], half[1]), MathF.Max(half[2], half[3])));
        var (s0, s1) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < padded; i += 16)
        {
            var (e0, e1) = (Exp(Vector256.Load(scores + i) - maximum), Exp(Vector256.Load(scores + i + 8) - maximum));
            e0.Store(scores + i);
            e1.Store(scores + i + 8);
            s0 += e0;
            s1 += e1;
        }

        var scale = Vector256.Create(1 / Sum(s0 + s1));
        for (var i = 0; i < padded; i += 8)
        {
            (Vector256.Load(scores + i) * scale).Store(scores + i);
        }
    }

    /// <summary>The largest number; not a number when there is one that is none.</summary>
    public static float Max(ReadOnlySpan<float> values)
    {
        var (largest, i) = (float.NegativeInfinity, 0);
        if (values.Length >= 8)
        {
            var all = Vector256.Create(float.NegativeInfinity);
            for (; i + 8 <= values.Length; i += 8)
            {
                all = Vector256.Max(all, Vector256.Create(values.Slice(i, 8)));
            }

            for (var lane = 0; lane < 8; lane++)
            {
                largest = MathF.Max(largest, all[lane]);
            }
        }

        for (; i < values.Length; i++)
        {
            largest = MathF.Max(largest, values[i]);
        }

        return largest;
    }

    /// <summary>Probabilities in proportion to e^(scale · logit). Any length.</summary>
    /// <param name="logits">Finite numbers.</param>
    /// <param name="scale">What they are multiplied by, > 0.</param>
    /// <param name="probabilities">Takes the probabilities.</param>
    public static void Softmax(ReadOnlySpan<float> logits, float scale, Span<float> probabilities)
    {
        var largest = Max(logits);
        var (sum, i) = (0.0, 0);
        Span<float> rest = stackalloc float[8];
        for (; i < logits.Length; i += 8)
        {
            var count = Math.Min(8, logits.Length - i);
            rest.Fill(float.NegativeInfinity);
            logits.Slice(i, count).CopyTo(rest);
            var e = Exp((Vector256.Create<float>(rest) - Vector256.Create(largest)) * Vector256.Create(scale));
            sum += Sum(e);
            e.CopyTo(rest);
            rest[..count].CopyTo(probabilities[i..]);
        }

        var inverse = (float)(1 / sum);
        foreach (ref var probability in probabilities)
        {
            probability *= inverse;
        }
    }

    /// <summary>Turns each pair (x[i], x[i + half]) by its angle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* x, float* cosines, float* sines, int half)
    {
        var i = 0;
        for (; i + 8 <= half; i += 8)
        {
            var (a, b, c, s) = (Vector256.Load(x + i), Vector256.Load(x + half + i), Vector256.Load(cosines + i), Vector256.Load(sines + i));
            Vector256.FusedMultiplyAdd(a, c, -(b * s)).Store(x + i);
            Vector256.FusedMultiplyAdd(a, s, b * c).Store(x + half + i);
        }

        for (; i < half; i++)
        {
            var (a, b) = (x[i], x[half + i]);
            x[i] = MathF.FusedMultiplyAdd(a, cosines[i], -(b * sines[i]));
            x[half + i] = MathF.FusedMultiplyAdd(a, sines[i], b * cosines[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(Vector256<float> v)
    {
        var half = v.GetLower() + v.GetUpper();
        return (half[0] + half[2]) + (half[1] + half[3]);
    }
}
