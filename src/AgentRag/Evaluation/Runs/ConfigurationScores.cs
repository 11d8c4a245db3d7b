using AgentRag.Evaluation.Statistics;
using AgentRag.Models;

namespace AgentRag.Evaluation.Runs;

/// <summary>What one configuration reached on the questions of a run, and what it cost.</summary>
/// <param name="Configuration">The configuration.</param>
/// <param name="Questions">The score of every question it was asked, in the order of the questions; length ≥ 1.</param>
public sealed record ConfigurationScores(RunConfiguration Configuration, IReadOnlyList<QuestionScore> Questions)
{
    /// <summary>Questions whose answering failed; each counts 0 in every answer metric.</summary>
    public int Failed => Questions.Count(score => score.IsFailed);

    /// <summary>Mean effective context tokens of the questions that did not fail.</summary>
    public double MeanTokens => Mean(score => score.Tokens);

    /// <summary>The most effective context tokens that one question took: the paper's l(x; θ).</summary>
    public long MaxTokens => Questions.Max(score => score.Tokens);

    /// <summary>Mean output tokens of the questions that did not fail.</summary>
    public double MeanOutputTokens => Mean(score => score.OutputTokens);

    /// <summary>Mean requests of the questions that did not fail.</summary>
    public double MeanRequests => Mean(score => score.Requests);

    /// <summary>Mean seconds of the questions that did not fail.</summary>
    public double MeanSeconds => Mean(score => score.Seconds);

    /// <summary>Mean US dollars of a question; null when no prices are known.</summary>
    public double? MeanCost => Questions.All(score => score.IsFailed || score.Cost is not null) ? Mean(score => score.Cost ?? 0) : null;

    /// <summary>Mean passages of one retrieval in the final prompt, of the questions that did not fail.</summary>
    public double MeanUsedK => Mean(score => score.Used?.K ?? 0);

    /// <summary>Mean demonstrations in the final prompt, of the questions that did not fail.</summary>
    public double MeanUsedM => Mean(score => score.Used?.M ?? 0);

    /// <summary>Mean iterations run, of the questions that did not fail; 1 for one pass.</summary>
    public double MeanIterations => Mean(score => score.Used?.N ?? 0);

    /// <summary>Mean effective context tokens as a share of the budget, in [0, 1].</summary>
    public double BudgetUtilization => MeanTokens / Configuration.BudgetTokens;

    /// <summary>What became of drafts that were handed to the model, over all questions; null when there were none.</summary>
    public PredictionUsage? Prediction => PredictionUsage.Sum(Questions.Select(score => score.Prediction));

    /// <summary>Questions in which something did not fit into a prompt.</summary>
    public int Trimmed => Questions.Count(score => score.IsTrimmed);

    /// <summary>The values of a metric, question by question; those without one are left out.</summary>
    /// <param name="metric">Which.</param>
    public IReadOnlyList<double> Values(EvaluationMetric metric) => [.. Questions.Select(score => score.Value(metric)).OfType<double>()];

    /// <summary>The mean of a metric; null when no question has a value.</summary>
    /// <param name="metric">Which.</param>
    public double? MeanOf(EvaluationMetric metric) => Values(metric) is { Count: > 0 } values ? values.Average() : null;

    /// <summary>The mean of a metric with its 95 % interval; null when no question has a value.</summary>
    /// <param name="metric">Which.</param>
    /// <param name="seed">Seeds the resampling.</param>
    public EstimatedMean? IntervalOf(EvaluationMetric metric, ulong seed) => Values(metric) is { Count: > 0 } values ? Bootstrap.Mean(values, seed) : null;

    internal Observation ToObservation(RunManifest manifest, EvaluationMetric metric, ObservationFingerprints fingerprints)
    {
        var values = Values(metric);
        var mean = values.Average();
        return new Observation
        {
            DataSet = manifest.DataSet,
            Strategy = Configuration.Strategy,
            Parameters = Configuration.Parameters,
            Metric = metric switch
            {
                EvaluationMetric.ExactMatch => ObservationMetrics.ExactMatch,
                EvaluationMetric.F1 => ObservationMetrics.F1,
                _ => ObservationMetrics.Accuracy,
            },
            Value = mean,
            Questions = values.Count,
            StandardError = values.Count < 2 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1) / values.Count),
            MeanEffectiveContextTokens = MeanTokens,
            MaxEffectiveContextTokens = MaxTokens,
            IsSimulated = manifest.IsSimulated,
            Fingerprints = fingerprints,
        };
    }

    private double Mean(Func<QuestionScore, double> value) => Questions.Where(score => !score.IsFailed).Select(value).DefaultIfEmpty().Average();
}
