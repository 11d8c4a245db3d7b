using AgentRag.Answering;

namespace AgentRag.Fitting;

/// <summary>A fitted model, seen on one data set or on all, in one metric.</summary>
internal sealed class ModelScope
{
    private readonly AllocationModel _model;
    private readonly IReadOnlyList<DataSetScale> _scales;

    /// <summary>Looks at a model.</summary>
    /// <param name="model">The model, fitted.</param>
    /// <param name="dataSet">The data set; null for all.</param>
    /// <param name="metric">The metric; null for Accuracy, or the first when that was not measured.</param>
    /// <exception cref="AgentRagException">The data set or the metric was not measured.</exception>
    public ModelScope(AllocationModel model, string? dataSet, string? metric)
    {
        _model = model;
        Require("data set", dataSet, model.DataSets);
        Require("metric", metric, model.Metrics);
        Metric = metric ?? (model.Metrics.Contains(Evaluation.ObservationMetrics.Accuracy) ? Evaluation.ObservationMetrics.Accuracy : model.Metrics[0]);
        _scales = [.. model.Scales.Where(scale => scale.Metric == Metric && (dataSet is null || scale.DataSet == dataSet))];
        if (_scales.Count == 0)
        {
            throw new AgentRagException($"{Metric} was not measured on '{dataSet}', or was the same everywhere: choose another metric or data set.");
        }

        All = [.. from scale in _scales
                  join measured in model.Measured on scale.DataSet equals measured.DataSet
                  where measured.Metric == Metric
                  group measured by (measured.DataSet, measured.Strategy, measured.Parameters) into repeated
                  let own = _scales.First(scale => scale.DataSet == repeated.Key.DataSet)
                  let error = Math.Sqrt(repeated.Average(one => one.StandardError * one.StandardError))
                  select new ScopedMeasurement(
                      repeated.Key.DataSet,
                      repeated.Key.Strategy,
                      repeated.Key.Parameters,
                      repeated.Average(one => one.Value),
                      error,
                      own.ToZ(repeated.Average(one => one.Value)),
                      error / own.StandardDeviation,
                      repeated.Max(one => one.Questions),
                      repeated.Max(one => one.MaxEffectiveContextTokens))];
        Everywhere = [.. All.GroupBy(one => (one.Strategy, one.Parameters)).Where(group => group.Count() == _scales.Count).Select(group => new ScopedMeasurement(
            DataSet: null,
            group.Key.Strategy,
            group.Key.Parameters,
            group.Average(one => one.Value),
            Math.Sqrt(group.Sum(one => one.StandardError * one.StandardError)) / group.Count(),
            group.Average(one => one.Z),
            Math.Sqrt(group.Sum(one => one.ZStandardError * one.ZStandardError)) / group.Count(),
            group.Sum(one => one.Questions),
            group.Max(one => one.MaxTokens)))];
    }

    /// <summary>The metric.</summary>
    public string Metric { get; }

    /// <summary>The data sets.</summary>
    public IEnumerable<string> DataSets => _scales.Select(scale => scale.DataSet);

    /// <summary>What was measured, by data set.</summary>
    public IReadOnlyList<ScopedMeasurement> All { get; }

    /// <summary>What was measured on every data set of the scope, in the mean over them: only that can be compared.</summary>
    public IReadOnlyList<ScopedMeasurement> Everywhere { get; }

    /// <summary>What a strategy's first passage and demonstration bring on each data set of the scope, in the order of <see cref="DataSets"/>.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <returns>What was measured on the data set; where nothing was, the mean over the others.</returns>
    public Informativeness[] InformativenessOf(string strategy) => [.. _scales.Select(scale =>
        _model.Informativeness.FirstOrDefault(probe => probe.Strategy == strategy && probe.DataSet == scale.DataSet && probe.Metric == Metric)?.Value
        ?? _model.InformativenessOf(strategy, metric: Metric))];

    /// <summary>Predicts the metric, in the mean over the data sets of the scope.</summary>
    /// <param name="strategy">The strategy, with its uncertainty.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="informativeness">i on each data set.</param>
    public ScopedPrediction Predict(StrategyModel strategy, InferenceParameters parameters, IReadOnlyList<Informativeness> informativeness)
    {
        var uncertainty = strategy.Uncertainty!;
        var gradient = new double[uncertainty.Parameters.Count];
        var (z, value, spread) = (0.0, 0.0, 0.0);
        foreach (var (number, scale) in _scales.Index())
        {
            var here = strategy.Equation.Predict(parameters, informativeness[number]);
            z += here / _scales.Count;
            value += (scale.Mean + (scale.StandardDeviation * here)) / _scales.Count;
            spread += scale.StandardDeviation / _scales.Count;
            var derivatives = strategy.Equation.Gradient(parameters, informativeness[number], uncertainty.Parameters);
            for (var i = 0; i < gradient.Length; i++)
            {
                gradient[i] += scale.StandardDeviation * derivatives[i] / _scales.Count;
            }
        }

        // Where the equation errs for a θ it may err on all data sets alike, so its misfit is not taken to average out.
        var variance = uncertainty.VarianceOf(gradient);
        return new ScopedPrediction(
            z,
            Math.Clamp(value, 0, 1),
            Within(Math.Sqrt(variance)),
            Within(Math.Sqrt(variance + (spread * spread * uncertainty.ResidualVariance))));

        Interval Within(double error)
        {
            var (low, high) = Interval.Around(value, uncertainty.IntervalFactor * error);
            return new Interval(Math.Clamp(low, 0, 1), Math.Clamp(high, 0, 1));
        }
    }

    private static void Require(string what, string? wanted, IReadOnlyList<string> known)
    {
        if (wanted is not null && !known.Contains(wanted))
        {
            throw new AgentRagException($"The allocation model knows no {what} '{wanted}': it has {string.Join(", ", known)}.");
        }
    }
}

/// <summary>A predicted configuration.</summary>
/// <param name="Z">Mean over the data sets, z-scored.</param>
/// <param name="Value">The metric, in [0, 1].</param>
/// <param name="Mean">Where the equation's own value lies.</param>
/// <param name="Prediction">Where a measurement lies.</param>
internal sealed record ScopedPrediction(double Z, double Value, Interval Mean, Interval Prediction);

/// <summary>A measured configuration.</summary>
/// <param name="DataSet">The data set; null for the mean over several.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="Parameters">θ.</param>
/// <param name="Value">The metric, in [0, 1].</param>
/// <param name="StandardError">Its standard error.</param>
/// <param name="Z">Its z-score.</param>
/// <param name="ZStandardError">The z-score's standard error.</param>
/// <param name="Questions">Questions asked.</param>
/// <param name="MaxTokens">The most effective context tokens of a question.</param>
internal sealed record ScopedMeasurement(
    string? DataSet,
    string Strategy,
    InferenceParameters Parameters,
    double Value,
    double StandardError,
    double Z,
    double ZStandardError,
    int Questions,
    long MaxTokens);
