using AgentRag.Answering;
using AgentRag.Fitting;

namespace AgentRag.Allocation;

/// <summary>The values of k, m and n beyond which more was measured to be worse; null where nothing of the kind was measured.</summary>
/// <remarks>
/// An equation whose weights are all positive cannot say that more hurts (paper: accuracy peaks at 100 to 500 passages), so measurements must. Configurations
/// that differ in one parameter alone are compared in pairs. A value is the cap when all larger ones were worse in the mean, and one of them by more than
/// 1.96 standard errors.
/// </remarks>
/// <param name="Strategy">The strategy.</param>
/// <param name="K">Most passages.</param>
/// <param name="M">Most demonstrations.</param>
/// <param name="N">Most iterations.</param>
public sealed record MeasuredCaps(string Strategy, int? K, int? M, int? N)
{
    private const double Significant = 1.96;

    /// <summary>Whether something is capped.</summary>
    public bool IsAny => (K ?? M ?? N) is not null;

    internal static MeasuredCaps Of(string strategy, IEnumerable<ScopedMeasurement> measured)
    {
        List<ScopedMeasurement> own = [.. measured.Where(one => one.Strategy == strategy)];
        return new MeasuredCaps(
            strategy,
            Cap(own, one => one.K, one => (one.M, one.N)),
            Cap(own, one => one.M, one => (one.K, one.N)),
            Cap(own, one => one.N, one => (one.K, one.M)));
    }

    /// <summary>Which caps parameters exceed, in words; null when none.</summary>
    internal string? Exceeded(InferenceParameters parameters)
    {
        var exceeded = string.Join(", ", new[] { ("k", parameters.K, K), ("m", parameters.M, M), ("n", parameters.N, N) }
            .Where(bound => bound.Item2 > bound.Item3).Select(bound => $"{bound.Item1} > {bound.Item3}"));
        return exceeded.Length == 0 ? null : exceeded;
    }

    private static int? Cap(
        IReadOnlyList<ScopedMeasurement> measured, Func<InferenceParameters, int> own, Func<InferenceParameters, (int, int)> others)
    {
        // By value: the measurements of it, by all that must be equal for a comparison.
        var byValue = measured.GroupBy(one => own(one.Parameters)).OrderBy(group => group.Key)
            .Select(group => (group.Key, Series: group.ToDictionary(one => (one.DataSet, others(one.Parameters))))).ToList();
        foreach (var (index, (value, series)) in byValue.Index())
        {
            var gains = byValue.Skip(index + 1).Select(larger => Gain(series, larger.Series)).OfType<(double Mean, double Error)>().ToList();
            if (gains.Count > 0 && gains.TrueForAll(gain => gain.Mean < 0) && gains.Exists(gain => gain.Mean < -Significant * gain.Error))
            {
                return value;
            }
        }

        return null;
    }

    private static (double Mean, double Error)? Gain<TKey>(Dictionary<TKey, ScopedMeasurement> smaller, Dictionary<TKey, ScopedMeasurement> larger)
        where TKey : notnull
    {
        var pairs = smaller.Where(one => larger.ContainsKey(one.Key)).Select(one => (Small: one.Value, Large: larger[one.Key])).ToList();
        return pairs.Count == 0
            ? null
            : (pairs.Average(pair => pair.Large.Z - pair.Small.Z),
                Math.Sqrt(pairs.Sum(pair => (pair.Large.ZStandardError * pair.Large.ZStandardError) + (pair.Small.ZStandardError * pair.Small.ZStandardError))) / pairs.Count);
    }
}
