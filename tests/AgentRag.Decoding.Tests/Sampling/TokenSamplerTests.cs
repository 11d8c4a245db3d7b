using AgentRag.Decoding.Sampling;
using Xunit;

namespace AgentRag.Decoding.Tests.Sampling;

public sealed class TokenSamplerTests
{
    private static readonly TokenHistory Nothing = new([]);

    // e^2 : e^1 : e^0 : e^-1 sums to 11.475: 0.643914, 0.236883, 0.087144, 0.032059.
    private static readonly float[] Logits = [1, 2, 0, -1];

    [Fact]
    public void Temperature_one_gives_the_softmax() =>
        AssertNear([0.236883, 0.643914, 0.087144, 0.032059], Probabilities(new SamplingOptions { Temperature = 1 }));

    [Fact]
    public void A_temperature_of_two_flattens_it() // e^1, e^.5, e^0, e^-.5 sum to 5.973534
        => AssertNear([0.276004, 0.455054, 0.167405, 0.101536], Probabilities(new SamplingOptions { Temperature = 2 }));

    [Fact]
    public void A_temperature_of_zero_takes_the_largest_and_of_equals_the_first()
    {
        Assert.Equal([0, 1, 0, 0], Probabilities(new SamplingOptions()));
        Assert.Equal([0, 1, 0, 0], Probabilities(new SamplingOptions(), [1, 2, 2, 0]));
    }

    [Fact]
    public void Top_k_keeps_the_likeliest() => AssertNear([0.268941, 0.731059, 0, 0], Probabilities(new SamplingOptions { Temperature = 1, TopK = 2 }));

    [Theory]
    [InlineData(0.5, 1), InlineData(0.65, 2), InlineData(0.881, 3), InlineData(0.99, 4)]
    public void Top_p_keeps_as_few_as_reach_it(double topP, int kept) =>
        Assert.Equal(kept, Probabilities(new SamplingOptions { Temperature = 1, TopP = topP }).Count(probability => probability > 0));

    [Theory]
    [InlineData(0.73, 1), InlineData(0.74, 2)] // of the two that top-k leaves, the first has 0.731
    public void Top_p_is_a_share_of_what_top_k_leaves(double topP, int kept) =>
        Assert.Equal(kept, Probabilities(new SamplingOptions { Temperature = 1, TopK = 2, TopP = topP }).Count(probability => probability > 0));

    [Theory]
    [InlineData(0.2, 2), InlineData(0.13, 3), InlineData(1, 1)] // shares of the likeliest: 1, 0.368, 0.135, 0.050
    public void Min_p_is_a_share_of_the_likeliest(double minP, int kept) =>
        Assert.Equal(kept, Probabilities(new SamplingOptions { Temperature = 1, MinP = minP }).Count(probability => probability > 0));

    [Fact]
    public void Penalties_change_logits_as_published()
    {
        var history = new TokenHistory([1, 3]);
        history.Add(2);
        history.Add(2);

        // Repetition 2: 2 / 2 = 1, -1 * 2 = -2, 0 / 2 = 0. Then token 2, generated twice: 0 - 0.5 - 2 * 0.25 = -1.
        var expected = Softmax(1, 1, -1, -2);
        AssertNear(expected, Probabilities(new SamplingOptions { Temperature = 1, RepetitionPenalty = 2, PresencePenalty = 0.5, FrequencyPenalty = 0.25 }, history: history));
        history.Remove(2);
        AssertNear(
            Softmax(1, 1, -0.75, -2), Probabilities(new SamplingOptions { Temperature = 1, RepetitionPenalty = 2, PresencePenalty = 0.5, FrequencyPenalty = 0.25 }, history: history));
    }

    [Fact]
    public void Draws_follow_the_distribution()
    {
        const int Draws = 200_000;
        var sampler = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = 7 }, 4);
        var probabilities = Probabilities(new SamplingOptions { Temperature = 1 });
        var counts = new int[4];
        for (var i = 0; i < Draws; i++)
        {
            counts[sampler.Draw(probabilities)]++;
        }

        // 3 degrees of freedom: 16.27 is exceeded once in a thousand.
        Assert.InRange(probabilities.Select((p, i) => Math.Pow(counts[i] - (p * Draws), 2) / (p * Draws)).Sum(), 0, 16.27);
    }

    [Fact]
    public void The_same_seed_draws_the_same_tokens_and_another_others()
    {
        Assert.Equal(Drawn(3), Drawn(3));
        Assert.NotEqual(Drawn(3), Drawn(4));
        Assert.NotEqual(Drawn(3), Drawn(3L << 32));

        static int[] Drawn(long seed)
        {
            var sampler = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = seed }, 4);
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Sample(Logits, Nothing, new float[4]))];
        }
    }

    [Theory]
    [InlineData(1), InlineData(2)]
    public void Cuts_of_large_vocabularies_are_those_of_sorting(int seed)
    {
        var random = new Random(seed);
        float[] logits = [.. Enumerable.Range(0, 5_003).Select(_ => (float)(random.NextDouble() * 12))];
        var all = Probabilities(new SamplingOptions { Temperature = 1 }, logits);
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => all[i]).ThenBy(i => i)];
        foreach (var (topK, topP) in ((int, double)[])[(40, 1), (0, 0.3), (700, 0.9)])
        {
            var pool = topK > 0 ? order.Take(topK).ToArray() : order;
            var (wanted, sum, kept) = (topP * pool.Sum(i => (double)all[i]), 0.0, 0);
            while (kept < pool.Length && (topP >= 1 || sum < wanted))
            {
                sum += all[pool[kept++]];
            }

            var cut = Probabilities(new SamplingOptions { Temperature = 1, TopK = topK, TopP = topP }, logits);
            Assert.Equal(pool.Take(kept).Order(), Enumerable.Range(0, cut.Length).Where(i => cut[i] > 0));
            Assert.Equal(1, cut.Sum(p => (double)p), 1e-4);
        }
    }

    [Fact]
    public void Logits_that_are_no_numbers_are_an_error() => Assert.Equal(
        "The model's logits are not finite: its weights are damaged, or it is not made for this context length.",
        Assert.Throws<AgentRagException>(() => Probabilities(new SamplingOptions(), [1, float.NaN, 0, 0])).Message);

    [Fact]
    public void Options_out_of_range_are_all_named() => Assert.Equal(
        "Sampling: Temperature is -1, must be in [0, 1000]; TopP is 0, must be in (0, 1]; FrequencyPenalty is 3, must be in [-2, 2].",
        Assert.Throws<AgentRagException>(() => new SamplingOptions { Temperature = -1, TopP = 0, FrequencyPenalty = 3 }.Validated()).Message);

    private static double[] Softmax(double b, double a, double c, double d)
    {
        double[] e = [Math.Exp(a), Math.Exp(b), Math.Exp(c), Math.Exp(d)];
        return [.. e.Select(value => value / e.Sum())];
    }

    private static float[] Probabilities(SamplingOptions options, float[]? logits = null, TokenHistory? history = null)
    {
        logits ??= Logits;
        var probabilities = new float[logits.Length];
        new TokenSampler(options.Validated(), logits.Length).Distribute(logits, history ?? Nothing, probabilities);
        return probabilities;
    }

    private static void AssertNear(double[] expected, float[] actual) =>
        Assert.All(Enumerable.Range(0, expected.Length), i => Assert.Equal(expected[i], actual[i], 1e-5));
}
