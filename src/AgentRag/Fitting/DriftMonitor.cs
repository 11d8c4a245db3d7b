using AgentRag.Evaluation;

namespace AgentRag.Fitting;

/// <summary>Compares new observations with what a fitted model expects, and says when to fit again.</summary>
/// <remarks>
/// A configuration that was measured when the model was fitted is compared with that measurement: where the equation does not fit is known, and is no drift.
/// Any other is compared with its prediction; the equation errs alike for neighbouring configurations, so many new ones in a row may raise an alarm by
/// themselves, and the measured ones are the better check. Ask the same questions as then: another sample of them shifts all observations of a data set
/// together, so where the fingerprints tell of one, its observations count as a single value, their mean, and only large drifts are seen. Each metric has its
/// own chart, in the order of the observations, as the metrics of one run err together; its limit grows with the observations, so that one check in twenty
/// gives a false alarm.
/// </remarks>
public static class DriftMonitor
{
    /// <summary>Checks.</summary>
    /// <param name="model">The model, fitted.</param>
    /// <param name="observations">New runs, the oldest first.</param>
    /// <exception cref="AgentRagException">The model is not fitted, one is simulated and the other measured, or nothing can be compared.</exception>
    public static DriftReport Check(AllocationModel model, IReadOnlyList<Observation> observations)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(observations);
        if (!model.IsFitted)
        {
            throw new AgentRagException("Published coefficients were fitted to other measurements than yours: drift is told of a model made with 'agentrag fit'.");
        }

        if (observations.FirstOrDefault(observation => observation.IsSimulated != model.IsSimulated) is { } stranger)
        {
            throw new AgentRagException(
                $"The model was fitted to {(model.IsSimulated ? "simulated" : "measured")} observations and these are {(stranger.IsSimulated ? "simulated" : "measured")}: " +
                "they are never compared.");
        }

        var measured = model.Measured.ToLookup(one => (one.DataSet, one.Strategy, one.Metric, one.Parameters));
        List<DriftResidual> residuals = [];
        Dictionary<string, int> skipped = new(StringComparer.Ordinal);
        foreach (var observation in observations)
        {
            var before = measured[(observation.DataSet, observation.Strategy, observation.Metric, observation.Parameters)].ToList();
            if (Residual(model, observation, before) is (var residual, var reason) && residual is not null)
            {
                residuals.Add(residual);
            }
            else
            {
                skipped[reason!] = skipped.GetValueOrDefault(reason!) + 1;
            }
        }

        if (residuals.Count == 0)
        {
            throw new AgentRagException($"Nothing can be compared with the model: {string.Join("; ", skipped.Select(entry => entry.Key))}.");
        }

        var charts = residuals.GroupBy(residual => residual.Observation.Metric).Select(group => Chart(model, group)).ToList();
        var changes = observations.Select(observation => observation.Fingerprints).Distinct().SelectMany(model.MismatchesWith).Distinct().ToList();
        return new DriftReport(charts, residuals, changes, [.. skipped.Select(entry => $"{entry.Value:N0} observations were left out: {entry.Key}")])
        {
            OtherQuestions = residuals.Count(residual => AsksOthers(model, residual)),
        };
    }

    private static DriftChart Chart(AllocationModel model, IGrouping<string, DriftResidual> residuals)
    {
        List<(double Value, int Last)> values =
        [
            .. residuals.Index()
                .GroupBy(one => AsksOthers(model, one.Item) ? (one.Item.Observation.DataSet, one.Item.Observation.Fingerprints.Questions, -1) : ("", null, one.Index))
                .Select(together => (together.Average(one => one.Item.Standardised), together.Max(one => one.Index) + 1)),
        ];
        var limit = Cusum.LimitFor(values.Count);
        var cusum = new Cusum(limit: limit);
        foreach (var (value, _) in values)
        {
            cusum.Add(value);
        }

        return new DriftChart(
            residuals.Key,
            residuals.Count(),
            residuals.Average(residual => residual.Standardised),
            cusum.Above,
            cusum.Below,
            limit,
            cusum.AlarmAt is { } at ? values[at - 1].Last : null,
            cusum.IsBelow is true);
    }

    private static bool AsksOthers(AllocationModel model, DriftResidual residual) =>
        residual.Observation.Fingerprints.Questions is { } questions && model.Fingerprints.Questions is { Count: > 0 } fitted && !fitted.Contains(questions);

    private static (DriftResidual? Residual, string? Reason) Residual(AllocationModel model, Observation observation, List<MeasuredPerformance> before)
    {
        var strategy = model.Strategies.FirstOrDefault(one => one.Strategy == observation.Strategy);
        var scale = model.Scales.FirstOrDefault(one => one.DataSet == observation.DataSet && one.Metric == observation.Metric);
        if (strategy?.Uncertainty is not { } uncertainty || scale is null)
        {
            return (null, strategy is null
                ? $"the model knows no strategy '{observation.Strategy}'"
                : $"the model knows no {observation.Metric} on '{observation.DataSet}', so it cannot be put on its scale");
        }

        var sampling = Square(observation.StandardErrorOrBound / scale.StandardDeviation);
        double expected, variance;
        if (before.Count > 0)
        {
            expected = scale.ToZ(before.Average(one => one.Value));
            variance = sampling + before.Average(one => Square(one.StandardError / scale.StandardDeviation));
        }
        else
        {
            var informativeness = model.InformativenessOf(observation.Strategy, observation.DataSet, observation.Metric);
            expected = strategy.Equation.Predict(observation.Parameters, informativeness);
            variance = uncertainty.ResidualVariance + uncertainty.VarianceOf(strategy.Equation.Gradient(observation.Parameters, informativeness, uncertainty.Parameters));
        }

        return (
            new DriftResidual(
                observation, before.Count > 0, scale.Mean + (scale.StandardDeviation * expected), (scale.ToZ(observation.Value) - expected) / Math.Sqrt(variance)),
            null);
    }

    private static double Square(double value) => value * value;
}

/// <summary>What new observations say about a model.</summary>
/// <param name="Charts">One for each metric.</param>
/// <param name="Residuals">One for each observation that could be compared, in order.</param>
/// <param name="Changes">What is different from where the model was fitted, in words.</param>
/// <param name="Skipped">What could not be compared, in words.</param>
public sealed record DriftReport(
    IReadOnlyList<DriftChart> Charts, IReadOnlyList<DriftResidual> Residuals, IReadOnlyList<string> Changes, IReadOnlyList<string> Skipped)
{
    /// <summary>How many observations were made with other questions than the model's; those of a data set count as one value.</summary>
    public int OtherQuestions { get; init; }

    /// <summary>Whether the model should be fitted again: some chart raised its alarm, or something it depends on has changed.</summary>
    public bool ShouldRefit => Changes.Count > 0 || Charts.Any(chart => chart.AlarmAt is not null);
}

/// <summary>The CUSUM chart of one metric; sums in standard deviations.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Observations">Observations charted.</param>
/// <param name="MeanResidual">Mean standardised residual.</param>
/// <param name="Above">The sum of what lies above the expectation, at the end.</param>
/// <param name="Below">The sum of what lies below it, at the end.</param>
/// <param name="Limit">Where a sum raises the alarm.</param>
/// <param name="AlarmAt">The observation, from 1, at which the alarm was first raised; null when it was not.</param>
/// <param name="IsBelow">Whether that alarm was of values below the expectation.</param>
public sealed record DriftChart(string Metric, int Observations, double MeanResidual, double Above, double Below, double Limit, int? AlarmAt, bool IsBelow);

/// <summary>One observation beside what was expected of it.</summary>
/// <param name="Observation">The observation.</param>
/// <param name="WasMeasured">Whether it was expected because it was measured before; else because the equation predicts it.</param>
/// <param name="Expected">The value that was expected.</param>
/// <param name="Standardised">Observed minus expected, in standard deviations of such a difference.</param>
public sealed record DriftResidual(Observation Observation, bool WasMeasured, double Expected, double Standardised);
