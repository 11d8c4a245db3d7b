using AgentRag.Evaluation.Statistics;
using Xunit;

namespace AgentRag.Tests.Evaluation.Statistics;

public sealed class StatisticsTests
{
    [Fact]
    public void The_generator_gives_the_published_first_numbers_of_SplitMix64()
    {
        // The reference implementation's output for seed 1234567 (Vigna, splitmix64.c).
        var random = new SplitMix64(1234567);
        Assert.Equal(
            [6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL],
            new[] { random.Next(), random.Next(), random.Next() });
    }

    [Fact]
    public void An_interval_of_equal_values_is_a_point() => Assert.Equal(new EstimatedMean(0.25, 0.25, 0.25), Bootstrap.Mean([0.25, 0.25, 0.25], seed: 1));

    [Fact]
    public void Equal_seeds_give_equal_intervals_and_others_do_not()
    {
        double[] values = [0, 1, 1, 0, 1, 0, 0, 1, 1, 1];
        Assert.Equal(Bootstrap.Mean(values, seed: 5), Bootstrap.Mean(values, seed: 5));
        Assert.NotEqual(Bootstrap.Mean(values, seed: 5), Bootstrap.Mean([.. values, 0.5], seed: 5));
    }

    [Fact]
    public void Of_500_samples_about_95_in_100_have_an_interval_that_holds_the_true_mean()
    {
        // Bernoulli with p = 0.3, 100 questions. The percentile interval holds p slightly less often than 95 %; with 500 samples the standard error is 1 point.
        var random = new SplitMix64(42);
        var held = 0;
        for (var sample = 0; sample < 500; sample++)
        {
            var values = new double[100];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = random.Below(10) < 3 ? 1 : 0;
            }

            var interval = Bootstrap.Mean(values, (ulong)sample, resamples: 500);
            held += interval.Low <= 0.3 && interval.High >= 0.3 ? 1 : 0;
        }

        Assert.InRange(held / 500.0, 0.91, 0.98);
    }

    [Theory]
    [InlineData(10, 2, 0.0385742)] // 2 * (1 + 12 + 66) / 4096
    [InlineData(5, 0, 0.0625)]     // 2 / 32
    [InlineData(3, 3, 1)]
    [InlineData(0, 0, 1)]
    [InlineData(30, 10, 0.0022214)] // 2 * (C(40, 0) + ... + C(40, 10)) / 2^40
    public void McNemars_p_value_is_the_exact_binomials(int wins, int losses, double expected)
    {
        double[] first = [.. Enumerable.Repeat(1.0, wins), .. Enumerable.Repeat(0.0, losses), 1, 0];
        double[] second = [.. Enumerable.Repeat(0.0, wins), .. Enumerable.Repeat(1.0, losses), 1, 0];
        Assert.Equal(expected, PairedComparison.Of(first, second, seed: 1).McNemarP!.Value, precision: 6);
    }

    [Fact]
    public void A_metric_between_0_and_1_has_no_McNemar_test() => Assert.Null(PairedComparison.Of([0.5, 1], [0, 1], seed: 1).McNemarP);

    [Fact]
    public void The_permutation_p_value_comes_near_to_that_of_all_sign_flips()
    {
        // Differences 0.5, 0.4, 0.3, 0.2, 0.1 all of one sign: of the 32 sign patterns only two have a sum as large.
        var comparison = PairedComparison.Of([0.5, 0.4, 0.3, 0.2, 0.1], [0, 0, 0, 0, 0], seed: 3);
        Assert.Equal(2 / 32.0, comparison.PermutationP, tolerance: 0.01);
        Assert.Equal(0.3, comparison.Difference.Value, precision: 12);
    }

    [Fact]
    public void Without_any_difference_the_p_value_is_1() => Assert.Equal(1, PairedComparison.Of([0.2, 0.7], [0.2, 0.7], seed: 1).P);

    [Fact]
    public void When_two_configurations_are_equally_good_few_p_values_are_small()
    {
        // Under the hypothesis of no difference a p-value below 0.05 comes in at most 5 of 100 comparisons; 300 comparisons, so 2 standard errors are 2.5 points.
        var random = new SplitMix64(7);
        var small = 0;
        for (var i = 0; i < 300; i++)
        {
            double[] first = new double[40], second = new double[40];
            for (var j = 0; j < 40; j++)
            {
                (first[j], second[j]) = (random.Below(11) / 10.0, random.Below(11) / 10.0);
            }

            small += PairedComparison.Of(first, second, (ulong)i).PermutationP < 0.05 ? 1 : 0;
        }

        Assert.InRange(small / 300.0, 0.01, 0.085);
    }

    [Fact]
    public void Holms_adjustment_equals_the_values_worked_by_hand() =>
        // Sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 gives 0.04, 0.06, 0.06, 0.04, and no value may fall below the one before.
        Assert.Equal([0.06, 0.04, 0.06, 0.06], PairedComparison.Holm([0.04, 0.01, 0.03, 0.02]).Select(p => Math.Round(p, 12)));

    [Fact]
    public void Values_that_are_not_paired_are_refused() => Assert.Throws<ArgumentException>(() => PairedComparison.Of([1], [1, 0], seed: 1));
}
