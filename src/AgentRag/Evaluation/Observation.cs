using AgentRag.Answering;

namespace AgentRag.Evaluation;

/// <summary>One measured (parameters, performance) pair: what a strategy with θ = (k, m, n) reached on a set of questions in one metric, and what it cost.</summary>
/// <remarks>What allocation models are fitted to. One evaluated configuration gives one observation for each metric.</remarks>
public sealed record Observation
{
    /// <summary>The data set: questions whose performance is comparable, such as <c>hotpotqa</c>. Not empty.</summary>
    public required string DataSet { get; init; }

    /// <summary>The strategy's name, such as <c>drag</c>. Not empty.</summary>
    public required string Strategy { get; init; }

    /// <summary>The parameters asked for; n is 1 for the one-pass strategies.</summary>
    public required InferenceParameters Parameters { get; init; }

    /// <summary>The metric, best one of <see cref="ObservationMetrics"/>. Not empty.</summary>
    public required string Metric { get; init; }

    /// <summary>The mean of the metric over all questions, in [0, 1]; a failed question counts as 0.</summary>
    public required double Value { get; init; }

    /// <summary>How many questions the mean is over, ≥ 1.</summary>
    public required int Questions { get; init; }

    /// <summary>Standard error of <see cref="Value"/>, ≥ 0: the standard deviation over the questions by the root of their number. Null when not known.</summary>
    public double? StandardError { get; init; }

    /// <summary>Mean effective context tokens of a question, ≥ 0.</summary>
    public required double MeanEffectiveContextTokens { get; init; }

    /// <summary>The most effective context tokens that one question took, ≥ 0: the paper's l(x; θ) that a budget bounds.</summary>
    public required long MaxEffectiveContextTokens { get; init; }

    /// <summary>Whether a simulator made the value. Simulated and measured observations are never mixed.</summary>
    public bool IsSimulated { get; init; }

    /// <summary>What the value depends on beside θ.</summary>
    public ObservationFingerprints Fingerprints { get; init; } = new();

    /// <summary>The standard error, or the largest one that a mean in [0, 1] of so many questions can have: √(v (1 − v) / questions), v kept off 0 and 1.</summary>
    /// <remarks>
    /// The bound is exact for metrics of 0 and 1 per question, and from above for F1. One question is added to either side (Laplace), and a standard error of 0
    /// is not believed: when all of 20 questions are answered the next may not be.
    /// </remarks>
    public double StandardErrorOrBound
    {
        get
        {
            var share = ((Value * Questions) + 1) / (Questions + 2);
            return StandardError is > 0 and var measured ? measured : Math.Sqrt(share * (1 - share) / Questions);
        }
    }

    /// <summary>Returns this observation if it is consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public Observation Validated()
    {
        List<string> problems = [];
        Require(!string.IsNullOrWhiteSpace(DataSet), "dataSet is empty");
        Require(!string.IsNullOrWhiteSpace(Strategy), "strategy is empty");
        Require(!string.IsNullOrWhiteSpace(Metric), "metric is empty");
        Require(Value is >= 0 and <= 1, $"value is {Value}, must be in [0, 1]; a percentage is divided by 100");
        Require(Questions >= 1, $"questions is {Questions}, must be at least 1");
        Require(StandardError is null or (>= 0 and <= 1), $"standardError is {StandardError}, must be in [0, 1]");
        Require(
            MeanEffectiveContextTokens >= 0 && double.IsFinite(MeanEffectiveContextTokens),
            $"meanEffectiveContextTokens is {MeanEffectiveContextTokens}, must be at least 0");
        Require(
            MaxEffectiveContextTokens >= Math.Floor(MeanEffectiveContextTokens),
            $"maxEffectiveContextTokens is {MaxEffectiveContextTokens}, below the mean of {MeanEffectiveContextTokens}");
        try
        {
            Parameters.Validated();
        }
        catch (AgentRagException exception)
        {
            problems.Add(exception.Message.TrimEnd('.'));
        }

        return problems.Count == 0 ? this : throw new AgentRagException($"Observation: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}

/// <summary>The names of the metrics that evaluation runs measure.</summary>
public static class ObservationMetrics
{
    /// <summary>Share of answers equal to a gold answer after normalisation (the paper's EM).</summary>
    public const string ExactMatch = "exactMatch";

    /// <summary>Mean F1 over the words (the paper's F1).</summary>
    public const string F1 = "f1";

    /// <summary>Share of answers that contain a gold answer (the paper's Acc).</summary>
    public const string Accuracy = "accuracy";

    /// <summary>The three of them, in the order in which the paper prints them.</summary>
    public static IReadOnlyList<string> All { get; } = [ExactMatch, F1, Accuracy];
}
