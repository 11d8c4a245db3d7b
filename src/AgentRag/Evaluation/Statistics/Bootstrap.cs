namespace AgentRag.Evaluation.Statistics;

/// <summary>Confidence intervals from resampled questions: how far a mean might have come out with other questions of the same kind.</summary>
/// <remarks>
/// Source: Efron, "Bootstrap methods", 1979; percentile intervals. Equal seeds give equal intervals. Nothing is said about another run of a model that samples.
/// </remarks>
public static class Bootstrap
{
    /// <summary>Resamples drawn by default: the ends of an interval then move by about a tenth of its width between seeds.</summary>
    public const int DefaultResamples = 2_000;

    private const double Tail = 0.025;

    /// <summary>The mean with its 95 % interval.</summary>
    /// <param name="values">One value per question; length ≥ 1.</param>
    /// <param name="seed">Seeds the resampling.</param>
    /// <param name="resamples">How often to resample, ≥ 100.</param>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public static EstimatedMean Mean(IReadOnlyList<double> values, ulong seed, int resamples = DefaultResamples)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 100);
        if (values.Count == 0)
        {
            throw new ArgumentException("A mean needs at least one value.", nameof(values));
        }

        var data = values.ToArray();
        var means = new double[resamples];
        var random = new SplitMix64(seed);
        for (var i = 0; i < resamples; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < data.Length; j++)
            {
                sum += data[random.Below(data.Length)];
            }

            means[i] = sum / data.Length;
        }

        Array.Sort(means);
        return new EstimatedMean(data.Average(), Quantile(means, Tail), Quantile(means, 1 - Tail));
    }

    // Linear between neighbours, as R's default.
    private static double Quantile(double[] sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var low = (int)position;
        return low + 1 == sorted.Length ? sorted[low] : sorted[low] + ((position - low) * (sorted[low + 1] - sorted[low]));
    }
}
