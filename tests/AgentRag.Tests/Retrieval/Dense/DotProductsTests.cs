using AgentRag.Retrieval.Dense;
using AgentRag.Retrieval.Lexical;
using Xunit;

namespace AgentRag.Tests.Retrieval.Dense;

public sealed class DotProductsTests
{
    [Theory]
    [InlineData(nameof(SimdLevel.Portable)), InlineData(nameof(SimdLevel.Vector256)), InlineData(nameof(SimdLevel.Vector512))]
    public void Every_level_gives_the_sums_of_plain_integers(string name)
    {
        var level = Enum.Parse<SimdLevel>(name);
        Assert.SkipWhen(level > SimdLevels.Best, "this processor has no such vectors");
        var random = new Random(5);
        foreach (var stride in new[] { 64, 128, 384, 1024 })
        {
            const int Rows = 9;
            var query = Enumerable.Range(0, stride).Select(_ => (short)random.Next(-127, 128)).ToArray();
            var rows = Enumerable.Range(0, stride * Rows).Select(_ => (sbyte)random.Next(-127, 128)).ToArray();

            // The largest sums there can be, of both signs.
            Array.Fill(rows, (sbyte)127, 0, stride);
            Array.Fill(rows, (sbyte)-127, stride, stride);
            if (stride == 128)
            {
                Array.Fill(query, (short)127);
            }

            var expected = Enumerable.Range(0, Rows).Select(row => Enumerable.Range(0, stride).Sum(i => query[i] * rows[(row * stride) + i]));
            var dots = new int[Rows];
            DotProducts.Compute(level, query, rows, dots);
            Assert.Equal(expected, dots);
        }
    }

    [Fact]
    public void The_float_product_is_that_of_doubles_within_rounding()
    {
        var random = new Random(6);
        foreach (var length in new[] { 1, 15, 16, 17, 384, 1000 })
        {
            var a = Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray();
            var b = Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray();
            var exact = a.Zip(b, (x, y) => (double)x * y).Sum();
            Assert.Equal(exact, FloatDot.Of(a, b), tolerance: 1e-6 * length);
        }
    }
}
