namespace AgentRag.Evaluation.Statistics;

/// <summary>Whether one configuration is better than another on the same questions.</summary>
/// <param name="Questions">Questions that both answered, ≥ 1.</param>
/// <param name="Difference">Mean of first minus second, with its interval from a paired bootstrap: whole questions are resampled.</param>
/// <param name="PermutationP">
/// Two-sided p-value of the sign-flip permutation test: how often chance alone would bring a mean difference as large. Exact to about 1/100 of itself at 0.05.
/// </param>
/// <param name="McNemarP">Two-sided p-value of McNemar's exact test; null for a metric that is not only 0 and 1.</param>
public sealed record PairedComparison(int Questions, EstimatedMean Difference, double PermutationP, double? McNemarP)
{
    /// <summary>Sign flips drawn.</summary>
    public const int Permutations = 10_000;

    /// <summary>The p-value to judge by: McNemar's where it applies, because it is exact; else the permutation test's.</summary>
    public double P => McNemarP ?? PermutationP;

    /// <summary>Compares paired values.</summary>
    /// <param name="first">Values of the first configuration, one per question.</param>
    /// <param name="second">Values of the second, in the same order; same length ≥ 1.</param>
    /// <param name="seed">Seeds resampling and flips.</param>
    /// <exception cref="ArgumentException">The lengths differ or are 0.</exception>
    public static PairedComparison Of(IReadOnlyList<double> first, IReadOnlyList<double> second, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count || first.Count == 0)
        {
            throw new ArgumentException($"Paired values are needed: got {first.Count} and {second.Count}.", nameof(second));
        }

        var differences = first.Zip(second, (a, b) => a - b).ToArray();
        return new PairedComparison(
            differences.Length, Bootstrap.Mean(differences, seed), SignFlips(differences, seed + 1), first.Concat(second).All(value => value is 0 or 1) ? McNemar(differences) : null);
    }

    /// <summary>Raises p-values for having asked several questions at once (Holm, 1979).</summary>
    /// <param name="pValues">The p-values of one family of tests.</param>
    /// <returns>Adjusted p-values in the same order, each ≥ the given one and ≤ 1.</returns>
    public static IReadOnlyList<double> Holm(IReadOnlyList<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        var adjusted = new double[pValues.Count];
        var highest = 0.0;
        foreach (var (rank, index) in Enumerable.Range(0, pValues.Count).OrderBy(i => pValues[i]).Index())
        {
            highest = Math.Max(highest, Math.Min(1, (pValues.Count - rank) * pValues[index]));
            adjusted[index] = highest;
        }

        return adjusted;
    }

    private static double SignFlips(double[] differences, ulong seed)
    {
        // Questions without a difference are the same under both signs.
        var values = differences.Where(value => value != 0).ToArray();
        if (values.Length == 0)
        {
            return 1;
        }

        // A hair below, so that sums which differ by rounding alone count as equal.
        var observed = Math.Abs(values.Sum()) * (1 - 1e-12);
        var random = new SplitMix64(seed);
        var asLarge = 0;
        for (var i = 0; i < Permutations; i++)
        {
            var (sum, bits) = (0.0, 0UL);
            for (var j = 0; j < values.Length; j++)
            {
                bits = j % 64 == 0 ? random.Next() : bits >> 1;
                sum += (bits & 1) == 0 ? values[j] : -values[j];
            }

            asLarge += Math.Abs(sum) >= observed ? 1 : 0;
        }

        return (asLarge + 1.0) / (Permutations + 1);
    }

    // Of the questions that differ, as many should favour one side as the other: a binomial with p = 1/2.
    private static double McNemar(double[] differences)
    {
        var (wins, losses) = (differences.Count(value => value > 0), differences.Count(value => value < 0));
        var n = wins + losses;
        if (n == 0)
        {
            return 1;
        }

        var (term, tail) = (-n * Math.Log(2), 0.0);
        for (var i = 0; i <= Math.Min(wins, losses); i++)
        {
            tail += Math.Exp(term);
            term += Math.Log(n - i) - Math.Log(i + 1);
        }

        return Math.Min(1, 2 * tail);
    }
}
