using System.Text.Json.Serialization;
using AgentRag.Answering;
using AgentRag.Evaluation;

namespace AgentRag.Fitting;

/// <summary>What predicts the performance of parameters: an equation for each strategy, with the measurements it was fitted to.</summary>
/// <remarks>
/// Performance is z-scored for each data set and metric, so predictions rank parameters; <see cref="Scales"/> turn them into values on the data sets that
/// were measured. Never changes; safe for concurrent use.
/// </remarks>
public sealed record AllocationModel
{
    /// <summary>Who fitted the coefficients, on what: shown with every prediction.</summary>
    public required string Source { get; init; }

    /// <summary>Whether the observations were simulated.</summary>
    public bool IsSimulated { get; init; }

    /// <summary>The form of the equations.</summary>
    public FitVariant Variant { get; init; }

    /// <summary>What the strategies share. With <see cref="StrategyPooling.Shared"/> the equations cannot tell which strategy is better.</summary>
    public StrategyPooling Pooling { get; init; }

    /// <summary>An equation for each strategy; length ≥ 1.</summary>
    public required IReadOnlyList<StrategyModel> Strategies { get; init; }

    /// <summary>How each metric was z-scored on each data set; empty for published coefficients.</summary>
    public IReadOnlyList<DataSetScale> Scales { get; init; } = [];

    /// <summary>The informativeness that was measured; empty when none was.</summary>
    public IReadOnlyList<MeasuredInformativeness> Informativeness { get; init; } = [];

    /// <summary>Everything that was measured, of all strategies; empty for published coefficients.</summary>
    public IReadOnlyList<MeasuredPerformance> Measured { get; init; } = [];

    /// <summary>What the measurements depend on beside θ.</summary>
    public ModelFingerprints Fingerprints { get; init; } = new();

    /// <summary>How well the equations fit; null for published coefficients.</summary>
    public FitQuality? Quality { get; init; }

    /// <summary>The coefficients of the paper's table 8, the same for DRAG and IterDRAG.</summary>
    public static AllocationModel Published { get; } = new()
    {
        Source = "Gemini 1.5 Flash (arXiv 2410.04343, table 8)",
        Strategies =
        [
            new StrategyModel(DragAnswerer.Name, PerformanceEquation.Published, Uncertainty: null),
            new StrategyModel(IterDragAnswerer.Name, PerformanceEquation.Published, Uncertainty: null),
        ],
    };

    /// <summary>Whether the model was fitted to measurements, rather than published.</summary>
    [JsonIgnore]
    public bool IsFitted => Measured.Count > 0;

    /// <summary>The metrics that were measured, the paper's first; empty for published coefficients.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Metrics =>
        [.. Scales.Select(scale => scale.Metric).Distinct().OrderBy(metric => ObservationMetrics.All.Contains(metric) ? 0 : 1).ThenBy(metric => metric, StringComparer.Ordinal)];

    /// <summary>The data sets that were measured; empty for published coefficients.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> DataSets => [.. Scales.Select(scale => scale.DataSet).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Predicts the performance of parameters.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="informativeness">i: of the data set in question, or <see cref="InformativenessOf"/>.</param>
    /// <exception cref="AgentRagException">The model knows nothing of the strategy.</exception>
    public PredictedPerformance Predict(string strategy, InferenceParameters parameters, Informativeness informativeness) =>
        Of(strategy).Predict(parameters, informativeness);

    /// <summary>The informativeness of a strategy: the mean over what was measured.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="dataSet">The data set; null for all.</param>
    /// <param name="metric">The metric; null for all.</param>
    /// <returns>The mean; <see cref="Informativeness.Unknown"/> when nothing was measured.</returns>
    public Informativeness InformativenessOf(string strategy, string? dataSet = null, string? metric = null)
    {
        List<Informativeness> measured =
        [
            .. Informativeness.Where(probe => probe.Strategy == strategy && (dataSet is null || probe.DataSet == dataSet) && (metric is null || probe.Metric == metric))
                .Select(probe => probe.Value),
        ];
        return measured.Count == 0
            ? Fitting.Informativeness.Unknown
            : new Informativeness(measured.Average(i => i.Document), measured.Average(i => i.Demonstration));
    }

    /// <summary>What is different here from where the model was fitted.</summary>
    /// <param name="here">What answers here and now; what it does not know is not compared.</param>
    /// <returns>A sentence for each difference; empty when there is none, and for published coefficients, whose source says enough.</returns>
    public IReadOnlyList<string> MismatchesWith(ObservationFingerprints here)
    {
        ArgumentNullException.ThrowIfNull(here);
        return !IsFitted ? []
            : IsSimulated && here.Model is { } model && !Fingerprints.Models.Contains(model)
                ? [$"The allocation model was fitted to simulated observations: it shows how the commands work, and says nothing about {model}."]
            :
            [
                .. Mismatch("another chat model", Fingerprints.Models, here.Model),
                .. Mismatch("other prompts", Fingerprints.Prompts, here.Prompts),
                .. Mismatch("another index", Fingerprints.Indexes, here.Index),
                .. Mismatch("another retriever", Fingerprints.Retrievers, here.Retriever),
            ];

        static IEnumerable<string> Mismatch(string what, IReadOnlyList<string> fitted, string? now) => now is null || fitted.Count == 0 || fitted.Contains(now)
            ? []
            : [$"The allocation model was fitted with {what} ({string.Join(", ", fitted)}; here: {now}): what it predicts may not hold; measure and fit again."];
    }

    internal StrategyModel Of(string strategy) => Strategies.FirstOrDefault(model => model.Strategy == strategy)
        ?? throw new AgentRagException(
            $"The allocation model holds no equation for strategy '{strategy}': it has {string.Join(", ", Strategies.Select(model => model.Strategy))}.");
}

/// <summary>The equation of one strategy.</summary>
/// <param name="Strategy">The strategy's name.</param>
/// <param name="Equation">The equation.</param>
/// <param name="Uncertainty">How sure it is; null for published coefficients, which came without.</param>
public sealed record StrategyModel(string Strategy, PerformanceEquation Equation, EquationUncertainty? Uncertainty)
{
    internal PredictedPerformance Predict(InferenceParameters parameters, Informativeness informativeness)
    {
        var linear = Equation.PredictLinear(parameters, informativeness);
        var z = Equation.Link?.Apply(linear) ?? linear;
        if (Uncertainty is null)
        {
            return new PredictedPerformance(linear, z, MeanInterval: null, PredictionInterval: null);
        }

        var variance = Uncertainty.VarianceOf(Equation.Gradient(parameters, informativeness, Uncertainty.Parameters));
        return new PredictedPerformance(
            linear,
            z,
            Interval.Around(z, Uncertainty.IntervalFactor * Math.Sqrt(variance)),
            Interval.Around(z, Uncertainty.IntervalFactor * Math.Sqrt(variance + Uncertainty.ResidualVariance)));
    }
}

/// <summary>One measured performance, as the model keeps it.</summary>
/// <param name="DataSet">The data set.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="Metric">The metric.</param>
/// <param name="Parameters">θ.</param>
/// <param name="Value">The mean over the questions, in [0, 1].</param>
/// <param name="StandardError">Its standard error, or an upper bound where that was not measured.</param>
/// <param name="Questions">How many questions.</param>
/// <param name="MaxEffectiveContextTokens">The most effective context tokens that one question took.</param>
public sealed record MeasuredPerformance(
    string DataSet, string Strategy, string Metric, InferenceParameters Parameters, double Value, double StandardError, int Questions, long MaxEffectiveContextTokens)
{
    internal static MeasuredPerformance From(Observation observation) => new(
        observation.DataSet,
        observation.Strategy,
        observation.Metric,
        observation.Parameters,
        observation.Value,
        observation.StandardErrorOrBound,
        observation.Questions,
        observation.MaxEffectiveContextTokens);
}

/// <summary>The fingerprints of all observations of a model: each list holds what was different among them, in order; empty when it was not recorded.</summary>
public sealed record ModelFingerprints
{
    /// <summary>Chat models; one at most.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Sets of prompts.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Indexes; usually one for each data set.</summary>
    public IReadOnlyList<string> Indexes { get; init; } = [];

    /// <summary>Retrievers.</summary>
    public IReadOnlyList<string> Retrievers { get; init; } = [];

    /// <summary>Samples of questions; usually one for each data set.</summary>
    public IReadOnlyList<string> Questions { get; init; } = [];

    /// <summary>Versions of AgentRag.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];

    internal static ModelFingerprints Of(IReadOnlyList<Observation> observations)
    {
        return new ModelFingerprints
        {
            Models = Different(fingerprints => fingerprints.Model),
            Prompts = Different(fingerprints => fingerprints.Prompts),
            Indexes = Different(fingerprints => fingerprints.Index),
            Retrievers = Different(fingerprints => fingerprints.Retriever),
            Questions = Different(fingerprints => fingerprints.Questions),
            Codes = Different(fingerprints => fingerprints.Code),
        };

        IReadOnlyList<string> Different(Func<ObservationFingerprints, string?> part) =>
            [.. observations.Select(observation => part(observation.Fingerprints)).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
    }
}
