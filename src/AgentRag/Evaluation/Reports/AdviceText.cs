namespace AgentRag.Evaluation.Reports;

/// <summary>Budget advice in words.</summary>
internal static class AdviceText
{
    public static string Of(ReportedRun run, BudgetAdvice advice, EvaluationMetric metric)
    {
        var best = advice.Best;
        var text = $"Up to {ReportNumbers.Tokens(advice.Budget)} tokens: {run.Scored.NameOf(best.Configuration)} is best, {metric.ShortName()} {ReportNumbers.Percent(best.MeanOf(metric))} with {ReportNumbers.Tokens(best.MeanTokens)} tokens in the mean.";
        return advice is { Cheaper: { } cheaper, Comparison: { } comparison }
            ? $"{text} {run.Scored.NameOf(cheaper.Configuration)} takes {ReportNumbers.Tokens(cheaper.MeanTokens)} and is not clearly worse ({ReportNumbers.Signed(comparison.Difference.Value)}, {ReportNumbers.Signed(comparison.Difference.Low)} to {ReportNumbers.Signed(comparison.Difference.High)})."
            : $"{text} Everything cheaper is clearly worse.";
    }
}
