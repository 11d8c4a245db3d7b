using AgentRag.Evaluation.Runs;
using AgentRag.Evaluation.Statistics;

namespace AgentRag.Evaluation.Reports;

/// <summary>One run of a report.</summary>
public sealed class ReportedRun
{
    private readonly RunReportOptions _options;

    internal ReportedRun(string name, ScoredRun scored, RunReportOptions options)
    {
        (Name, Scored, _options) = (name, scored, options);
        Finished = [.. scored.Configurations.Where(configuration => configuration.Questions.Count == scored.Questions)];
    }

    /// <summary>The name under which the report shows it.</summary>
    public string Name { get; }

    /// <summary>Its scores.</summary>
    public ScoredRun Scored { get; }

    /// <summary>The configurations that were asked all questions: only these are compared.</summary>
    public IReadOnlyList<ConfigurationScores> Finished { get; }

    /// <summary>Whether retrieval can be scored: some question names its supporting documents, and some prompt held one.</summary>
    public bool HasSupports => Finished.Any(scored => scored.MeanOf(EvaluationMetric.Recall) is > 0);

    /// <summary>Whether HotpotQA's rule for yes and no makes a difference to F1.</summary>
    public bool HasHotpotQaRule => Finished.Any(scored => scored.MeanOf(EvaluationMetric.F1HotpotQa) != scored.MeanOf(EvaluationMetric.F1));

    /// <summary>The best of what a user can have: everything but the gold passages.</summary>
    private IEnumerable<ConfigurationScores> Real => Finished.Where(scored => scored.Configuration.Strategy != RunConfiguration.GoldPassages);

    /// <summary>P*(L_max), the paper's equation 1: the best configuration of a strategy of which no question took more tokens than the budget.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="budget">L_max in effective context tokens.</param>
    /// <returns>The best by the report's metric; null when none fits.</returns>
    public ConfigurationScores? Optimum(string strategy, long budget) =>
        Scored.BestOfStrategies(_options.Metric, budget).FirstOrDefault(scored => scored.Configuration.Strategy == strategy);

    /// <summary>The optimal envelope: configurations that are better than every one that took fewer tokens in the mean, cheapest first.</summary>
    /// <param name="metric">In which metric.</param>
    /// <param name="maxTokens">Configurations that took more for some question are passed over.</param>
    public IReadOnlyList<ConfigurationScores> Envelope(EvaluationMetric metric, long maxTokens = long.MaxValue)
    {
        List<ConfigurationScores> envelope = [];
        foreach (var scored in Real.Where(scored => scored.MaxTokens <= maxTokens && scored.MeanOf(metric) is not null)
            .OrderBy(scored => scored.MeanTokens).ThenByDescending(scored => scored.MeanOf(metric)))
        {
            if (envelope.Count == 0 || scored.MeanOf(metric) > envelope[^1].MeanOf(metric))
            {
                envelope.Add(scored);
            }
        }

        return envelope;
    }

    /// <summary>The straight line through the envelope over the logarithm of tokens.</summary>
    /// <param name="metric">In which metric.</param>
    public LogLinearFit? FitOf(EvaluationMetric metric) =>
        LogLinearFit.To([.. Envelope(metric).Where(scored => scored.MeanTokens > 0).Select(scored => (scored.MeanTokens, scored.MeanOf(metric)!.Value))]);

    /// <summary>What to choose under a budget: the best, and the cheapest that is not clearly worse.</summary>
    /// <param name="budget">L_max in effective context tokens.</param>
    /// <returns>The advice; null when nothing fits.</returns>
    public BudgetAdvice? Advice(long budget)
    {
        var envelope = Envelope(_options.Metric, budget);
        if (envelope.Count == 0)
        {
            return null;
        }

        var best = envelope[^1];
        foreach (var cheaper in envelope.Take(envelope.Count - 1))
        {
            // Both, so that no advice contradicts the interval it shows: with few questions a percentile interval is narrow, and the test the stricter of the two.
            if (ScoredRun.Compare(cheaper, best, _options.Metric, _options.Seed) is { P: >= 0.05, Difference.High: >= 0 } comparison)
            {
                return new BudgetAdvice(budget, best, cheaper, comparison);
            }
        }

        return new BudgetAdvice(budget, best, null, null);
    }
}

/// <summary>What to choose under a budget.</summary>
/// <param name="Budget">The budget in effective context tokens.</param>
/// <param name="Best">The best configuration that fits.</param>
/// <param name="Cheaper">The cheapest one of the envelope that is not clearly worse: neither its p-value is below 0.05 nor its interval below 0. Null when every cheaper one is.</param>
/// <param name="Comparison">The cheaper one minus the best.</param>
public sealed record BudgetAdvice(long Budget, ConfigurationScores Best, ConfigurationScores? Cheaper, PairedComparison? Comparison);
