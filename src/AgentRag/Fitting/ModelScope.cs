using AgentRag.Answering;

namespace AgentRag.Fitting;

/// <summary>A fitted model, seen on one data set or on all, in one metric.</summary>
internal sealed class ModelScope
{
    private readonly AllocationModel _model;
    private readonly IReadOnlyList<DataSetScale> _scales;
    private readonly string? _dataSet;

    /// <summary>Looks at a model.</summary>
    /// <param name="model">The model, fitted.</param>
    /// <param name="dataSet">The data set; null for all.</param>
    /// <param name="metric">The metric; null for Accuracy, or the first when that was not measured.</param>
    /// <exception cref="AgentRagException">The data set or the metric was not measured.</exception>
    public ModelScope(AllocationModel model, string? dataSet, string? metric)
    {
        (_model, _dataSet) = (model, dataSet);
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

    /// <summary>The informativeness of a strategy here.</summary>
    public Informativeness InformativenessOf(string strategy) => _model.InformativenessOf(strategy, _dataSet, Metric);

    /// <summary>Turns z into the metric, in the mean over the data sets.</summary>
    public double ToValue(double z) => Math.Clamp(_scales.Average(scale => scale.Mean) + (_scales.Average(scale => scale.StandardDeviation) * z), 0, 1);

    /// <summary>Turns an interval of z into one of the metric.</summary>
    public Interval ToValue(Interval z) => new(ToValue(z.Low), ToValue(z.High));

    private static void Require(string what, string? wanted, IReadOnlyList<string> known)
    {
        if (wanted is not null && !known.Contains(wanted))
        {
            throw new AgentRagException($"The allocation model knows no {what} '{wanted}': it has {string.Join(", ", known)}.");
        }
    }
}

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
