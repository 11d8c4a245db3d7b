using System.Runtime.Intrinsics;
using AgentRag.Decoding.Kernels;
using Xunit;

namespace AgentRag.Decoding.Tests.Kernels;

public sealed unsafe class VectorMathTests
{
    [Fact]
    public void Exp_is_within_two_units_of_the_last_place()
    {
        var random = new Random(1);
        for (var i = 0; i < 200_000; i++)
        {
            var x = (float)((random.NextDouble() * 174) - 87);
            var relative = (VectorMath.Exp(Vector256.Create(x))[3] / Math.Exp(x)) - 1;
            Assert.InRange(Math.Abs(relative), 0, 2 * Math.Pow(2, -23));
        }
    }

    [Theory]
    [InlineData(0f, 1f), InlineData(float.NegativeInfinity, 0f), InlineData(-100f, 0f)]
    public void Exp_at_its_ends(float x, float expected) => Assert.Equal(expected, VectorMath.Exp(Vector256.Create(x))[0]);

    [Fact]
    public void Exp_of_more_than_it_can_hold_is_large_and_finite() => Assert.InRange(VectorMath.Exp(Vector256.Create(1e9f))[0], 1e37f, float.MaxValue);

    [Theory]
    [InlineData(1), InlineData(7), InlineData(16), InlineData(1_001)]
    public void Softmax_is_the_plain_formulas_and_clears_what_fills_up(int length)
    {
        var random = new Random(length);
        using var scores = new NativeBuffer<float>(1_024);
        var plain = Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() - 0.5) * 30)).ToArray();
        scores.Slice(0, 1_024).Fill(float.NaN);
        plain.CopyTo(scores.Slice(0, length));

        VectorMath.Softmax(scores.Start, length);

        var sum = plain.Sum(score => Math.Exp(score));
        Assert.All(Enumerable.Range(0, length), i => Assert.Equal(Math.Exp(plain[i]) / sum, scores.Slice(i, 1)[0], 1e-6));
        Assert.All(Enumerable.Range(length, ((length + 15) / 16 * 16) - length), i => Assert.Equal(0, scores.Slice(i, 1)[0]));
    }

    [Theory]
    [InlineData(0), InlineData(1_000)]
    public void Layer_norm_is_mean_0_and_variance_1_times_weights_plus_bias(int offset)
    {
        const int Length = 48;
        var random = new Random(3);
        using var buffer = new NativeBuffer<float>(3 * Length);
        var (x, weights, bias) = (Numbers(offset), Numbers(0), Numbers(0));
        x.CopyTo(buffer.Slice(0, Length));
        weights.CopyTo(buffer.Slice(Length, Length));
        bias.CopyTo(buffer.Slice(2 * Length, Length));

        VectorMath.LayerNorm(buffer.Start, buffer.Start + Length, buffer.Start + (2 * Length), buffer.Start, Length, 1e-12f);

        var mean = x.Average(value => (double)value);
        var deviation = Math.Sqrt(x.Average(value => (value - mean) * (value - mean)));
        for (var i = 0; i < Length; i++)
        {
            // Numbers near 1,000 have steps of 6e-5 themselves, and the mean is rounded to one.
            Assert.Equal(((x[i] - mean) / deviation * weights[i]) + bias[i], buffer.Slice(i, 1)[0], offset == 0 ? 2e-6 : 3e-4);
        }

        float[] Numbers(double around) => [.. Enumerable.Range(0, Length).Select(_ => (float)(around + random.NextDouble() - 0.5))];
    }

    [Fact]
    public void Gelu_is_x_times_the_normal_distribution_and_its_tangent_form_close_to_it()
    {
        using var buffer = new NativeBuffer<float>(16);
        for (var x = -12.0f; x < 12; x += 0.01f)
        {
            var exact = 0.5 * x * (1 + Encoders.NaiveEncoder.Erf(x / Math.Sqrt(2)));
            buffer.Slice(0, 8).Fill(x);
            buffer.Slice(8, 8).Fill(x);
            VectorMath.Gelu(buffer.Start, 8);
            VectorMath.GeluTanh(buffer.Start + 8, 8);
            Assert.Equal(exact, buffer.Slice(3, 1)[0], 2e-7 * Math.Max(1, Math.Abs(x)));
            Assert.Equal(0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))), buffer.Slice(11, 1)[0], 3e-7 * Math.Max(1, Math.Abs(x)));
        }

        buffer.Slice(0, 8).Fill(-3);
        VectorMath.Relu(buffer.Start, 8);
        Assert.Equal(0, buffer.Slice(0, 1)[0]);
    }

    [Fact]
    public void Halves_widen_exactly()
    {
        using var buffer = new NativeBuffer<ushort>(16);
        for (var bits = 0; bits <= ushort.MaxValue; bits++)
        {
            if ((bits & 0x7C00) == 0x7C00)
            {
                continue;
            }

            var expected = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            buffer.Slice(0, 16).Fill((ushort)bits);
            Assert.Equal(expected, Lanes.HalfToSingle((ushort)bits));
            Assert.Equal(expected, Lanes.HalfToSingle(buffer.Start)[5]);
            Assert.Equal(expected, Lanes.HalfToSingle512(buffer.Start)[13]);
        }
    }
}
