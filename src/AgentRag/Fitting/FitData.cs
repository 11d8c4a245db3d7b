using System.Runtime.InteropServices;
using AgentRag.Answering;
using AgentRag.Evaluation;

namespace AgentRag.Fitting;

/// <summary>One observation, ready to be fitted.</summary>
/// <param name="Observation">The observation.</param>
/// <param name="Strategy">Its strategy, by number.</param>
/// <param name="Cluster">Its configuration, by number: rows of one differ in the metric alone, and err together.</param>
/// <param name="Terms">What the weights weigh.</param>
/// <param name="Z">Its z-score.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FitRow(Observation Observation, int Strategy, int Cluster, EquationTerms Terms, double Z);

/// <summary>Observations with their z-scores and informativeness.</summary>
internal sealed record FitData
{
    private const string WayOut = "run the probes, k and m of 0 and 1 with n = 1, with 'agentrag evaluate'";

    public required IReadOnlyList<FitRow> Rows { get; init; }

    public required List<string> Strategies { get; init; }

    public required IReadOnlyList<DataSetScale> Scales { get; init; }

    public required IReadOnlyList<MeasuredInformativeness> Informativeness { get; init; }

    public required IReadOnlyList<FitTrap> Traps { get; init; }

    /// <summary>Whether some group's informativeness is known: without it there is no b.</summary>
    public bool HasInformativeness => Informativeness.Count > 0;

    /// <summary>Computes z-scores and informativeness.</summary>
    /// <exception cref="AgentRagException">The observations do not belong together, or none can be fitted.</exception>
    public static FitData Prepare(IReadOnlyList<Observation> observations, FitOptions options)
    {
        RequireOneKind(observations);
        var strategies = options.Chosen(observations.Select(observation => observation.Strategy));
        List<Observation> fitted = [.. observations.Where(observation => strategies.Contains(observation.Strategy))];
        List<FitTrap> traps = [];
        var scales = ScalesOf(fitted, traps);
        var informativeness = InformativenessOf(fitted, scales, traps);
        var scaleOf = scales.ToDictionary(scale => (scale.DataSet, scale.Metric));
        var informativenessOf = informativeness.ToDictionary(probe => (probe.DataSet, probe.Strategy, probe.Metric), probe => probe.Value);
        Dictionary<(string DataSet, string Strategy, InferenceParameters Parameters), int> clusters = [];
        List<FitRow> rows = [];
        foreach (var observation in fitted)
        {
            // Without any probe at all the model goes without b; with some, what has none would pull b by being taken as 0.
            var i = informativenessOf.GetValueOrDefault((observation.DataSet, observation.Strategy, observation.Metric));
            if (scaleOf.TryGetValue((observation.DataSet, observation.Metric), out var scale) && (i is not null || informativeness.Count == 0))
            {
                var key = (observation.DataSet, observation.Strategy, observation.Parameters);
                clusters.TryAdd(key, clusters.Count);
                rows.Add(new FitRow(
                    observation,
                    strategies.IndexOf(observation.Strategy),
                    clusters[key],
                    new EquationTerms(observation.Parameters, i ?? Fitting.Informativeness.Unknown, PerformanceEquation.Published.Epsilon),
                    scale.ToZ(observation.Value)));
            }
        }

        return rows.Count > 0
            ? new FitData { Rows = rows, Strategies = strategies, Scales = scales, Informativeness = informativeness, Traps = traps }
            : throw new AgentRagException($"No observation can be fitted. {string.Join(" ", traps.Select(trap => trap.Text))}");
    }

    /// <summary>The rows of one strategy, as if there were no other.</summary>
    public IReadOnlyList<FitRow> RowsOf(int strategy) => [.. Rows.Where(row => row.Strategy == strategy)];

    /// <summary>Refuses observations that no one model can be about.</summary>
    public static void RequireOneKind(IReadOnlyList<Observation> observations)
    {
        if (observations.Select(observation => observation.IsSimulated).Distinct().Count() > 1)
        {
            throw new AgentRagException(
                $"{observations.Count(observation => observation.IsSimulated):N0} of {observations.Count:N0} observations are simulated and the others measured: " +
                "they are never mixed; name the runs of one kind.");
        }

        List<string> models = [.. observations.Select(observation => observation.Fingerprints.Model).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        if (models.Count > 1)
        {
            throw new AgentRagException(
                $"The observations are of {models.Count} chat models ({string.Join(", ", models)}); a, b and c are properties of one model: fit each by itself.");
        }
    }

    // The paper: "subtracting the mean and dividing by the standard deviation for each dataset and metric"; over the rows of all strategies. Which of the two
    // standard deviations is not said; ours is the population's, as the rows are all there is.
    private static List<DataSetScale> ScalesOf(IReadOnlyList<Observation> observations, List<FitTrap> traps)
    {
        List<DataSetScale> scales = [];
        foreach (var group in observations.GroupBy(observation => (observation.DataSet, observation.Metric)).OrderBy(group => group.Key))
        {
            var mean = group.Average(observation => observation.Value);
            var deviation = Math.Sqrt(group.Average(observation => (observation.Value - mean) * (observation.Value - mean)));
            if (deviation > 1e-9)
            {
                scales.Add(new DataSetScale(group.Key.DataSet, group.Key.Metric, mean, deviation, group.Count()));
                continue;
            }

            traps.Add(new FitTrap(
                FitTrapKind.ConstantMetric,
                $"{group.Key.Metric} on {group.Key.DataSet} is {mean:0.###} in all of {group.Count():N0} observations: there is nothing to explain, and they are left " +
                "out. Measure more different configurations, or another metric."));
        }

        return scales;
    }

    private static List<MeasuredInformativeness> InformativenessOf(
        IReadOnlyList<Observation> observations, IReadOnlyList<DataSetScale> scales, List<FitTrap> traps)
    {
        List<MeasuredInformativeness> all = [];
        List<string> missing = [];
        foreach (var group in observations.GroupBy(observation => (observation.DataSet, observation.Strategy, observation.Metric)).OrderBy(group => group.Key))
        {
            var scale = scales.FirstOrDefault(scale => scale.DataSet == group.Key.DataSet && scale.Metric == group.Key.Metric);
            if (scale is null)
            {
                continue;
            }

            var nothing = ProbeOf(group, ProbeGrid.Nothing);
            // What a strategy never has cannot inform it: RAG takes no demonstrations, so its i_shot is 0.
            var document = group.All(observation => observation.Parameters.K == 0) ? nothing : ProbeOf(group, ProbeGrid.OnePassage);
            var demonstration = group.All(observation => observation.Parameters.M == 0) ? nothing : ProbeOf(group, ProbeGrid.OneDemonstration);
            if (nothing is not { } zero || document is not { } passage || demonstration is not { } shot)
            {
                missing.Add($"{group.Key.DataSet}/{group.Key.Strategy}/{group.Key.Metric}");
                continue;
            }

            all.Add(new MeasuredInformativeness(
                group.Key.DataSet,
                group.Key.Strategy,
                group.Key.Metric,
                new Informativeness((passage.Value - zero.Value) / scale.StandardDeviation, (shot.Value - zero.Value) / scale.StandardDeviation),
                Math.Sqrt(passage.Variance + zero.Variance) / scale.StandardDeviation,
                Math.Sqrt(shot.Variance + zero.Variance) / scale.StandardDeviation));
        }

        if (missing.Count > 0)
        {
            var some = $"{string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? ", ..." : "")}";
            traps.Add(new FitTrap(FitTrapKind.MissingProbes, all.Count == 0
                ? $"Informativeness was measured nowhere ({some}), so the model goes without it: {WayOut}."
                : $"Informativeness was not measured for {some}; what was observed there is left out: {WayOut}."));
        }

        return all;
    }

    private static (double Value, double Variance)? ProbeOf(IEnumerable<Observation> group, InferenceParameters parameters)
    {
        List<Observation> measured = [.. group.Where(observation => observation.Parameters == parameters)];
        return measured.Count == 0
            ? null
            : (measured.Average(observation => observation.Value), measured.Average(observation => observation.StandardErrorOrBound * observation.StandardErrorOrBound));
    }
}

/// <summary>How a metric is z-scored on a data set.</summary>
/// <param name="DataSet">The data set.</param>
/// <param name="Metric">The metric.</param>
/// <param name="Mean">Mean over the fitted observations of all strategies, in [0, 1].</param>
/// <param name="StandardDeviation">Their standard deviation (divided by their number, not by one less), > 0.</param>
/// <param name="Observations">How many they are.</param>
public sealed record DataSetScale(string DataSet, string Metric, double Mean, double StandardDeviation, int Observations)
{
    /// <summary>The z-score of a value in [0, 1].</summary>
    /// <param name="value">The value.</param>
    public double ToZ(double value) => (value - Mean) / StandardDeviation;
}
