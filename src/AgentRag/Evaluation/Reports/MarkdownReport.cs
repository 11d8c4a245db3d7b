using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>A report as Markdown: the tables and the advice, without charts and questions.</summary>
public static partial class MarkdownReport
{
    /// <summary>Writes the report.</summary>
    /// <param name="report">The report.</param>
    /// <returns>Markdown with <c>\n</c> as line ends.</returns>
    public static string Write(RunReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder();
        text.Append($"# Evaluation of {Plain(string.Join(", ", report.Runs.Select(run => run.Name)))}\n\n");
        if (report.IsSimulated)
        {
            text.Append("**Simulated.** No model was asked; nothing here was measured.\n\n");
        }

        text.Append("Metrics in percent with 95 % bootstrap intervals over questions; failed questions count 0. Tokens are effective context tokens of a question.\n\n");
        Optima(text, report);
        foreach (var run in report.Runs)
        {
            Section(text, report, run);
        }

        return text.ToString();
    }

    private static void Optima(StringBuilder text, RunReport report)
    {
        text.Append(CultureInfo.InvariantCulture, $"## Best under each budget ({string.Join(" / ", EvaluationMetrics.OfPaper.Select(metric => metric.ShortName()))}; k, m, n)\n\n");
        Row(text, ["budget", "method", .. report.Runs.Select(run => run.Name)]);
        Row(text, [.. Enumerable.Repeat("---", 2 + report.Runs.Count)]);
        foreach (var (budget, methods) in report.Optima())
        {
            foreach (var (strategy, optima) in methods)
            {
                Row(text, [ReportNumbers.Tokens(budget), strategy, .. optima.Select(Cell)]);
            }
        }

        text.Append('\n');

        static string Cell(ConfigurationScores? scored) => scored is null
            ? "–"
            : $"{string.Join(" / ", EvaluationMetrics.OfPaper.Select(metric => ReportNumbers.Percent(scored.MeanOf(metric))))} ({string.Join(", ", scored.Configuration.ShownParameters)})";
    }

    private static void Section(StringBuilder text, RunReport report, ReportedRun run)
    {
        var (manifest, metric, seed) = (run.Scored.Run.Manifest, report.Options.Metric, report.Options.Seed);
        text.Append(CultureInfo.InvariantCulture, $"## {Plain(run.Name)}\n\n{run.Scored.Questions} questions of {Plain(manifest.DataSet)}, model {Plain(manifest.Model)}{(run.Scored.Judge is { } judge ? $", judged by {Plain(judge)}" : "")}, {run.Scored.Configurations.Count} configurations.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{TokensChart.Describe(run, metric, run.Envelope(metric), run.FitOf(metric))}\n\n");
        foreach (var advice in report.Budgets.Select(run.Advice).OfType<BudgetAdvice>().DistinctBy(advice => advice.Best))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {AdviceText.Of(run, advice, metric)}\n");
        }

        text.Append('\n');
        EvaluationMetric[] furtherMetrics =
        [
            .. run.HasHotpotQaRule ? [EvaluationMetric.F1HotpotQa] : Array.Empty<EvaluationMetric>(),
            .. run.Scored.Judge is null ? Array.Empty<EvaluationMetric>() : [EvaluationMetric.Judged],
            .. run.HasSupports ? [EvaluationMetric.Recall, EvaluationMetric.Ndcg, EvaluationMetric.ReciprocalRank] : Array.Empty<EvaluationMetric>(),
        ];
        string[] columns =
        [
            "strategy", "k", "m", "n", "budget", .. EvaluationMetrics.OfPaper.Concat(furtherMetrics).Select(each => each.ShortName()),
            "tokens", "most tokens", "of budget", "gain", "used", "requests", "seconds", "cost", "failed",
        ];
        text.Append(CultureInfo.InvariantCulture, $"Of budget: mean tokens of it. Gain: percentage points of {metric.ShortName()} per 1,000 tokens more than the best cheaper configuration of the strategy takes. Used: mean k, m, n of an answer.\n\n");
        Row(text, columns);
        Row(text, Enumerable.Repeat("---", columns.Length));
        foreach (var scored in run.Scored.Configurations)
        {
            Row(
                text,
                [
                    scored.Configuration.Strategy, .. scored.Configuration.ShownParameters,
                    ReportNumbers.Tokens(scored.Configuration.BudgetTokens),
                    .. EvaluationMetrics.OfPaper.Select(each => $"{ReportNumbers.Percent(scored.MeanOf(each))} ({ReportNumbers.Range(scored.IntervalOf(each, seed))})"),
                    .. furtherMetrics.Select(each => ReportNumbers.Percent(scored.MeanOf(each))),
                    ReportNumbers.Tokens(scored.MeanTokens), ReportNumbers.Tokens(scored.MaxTokens),
                    $"{ReportNumbers.Percent(scored.BudgetUtilization)} %", ReportNumbers.Gain(run.Scored.ScalingEfficiency(scored, metric)), ReportNumbers.Used(scored),
                    scored.MeanRequests.ToString("0.0", CultureInfo.InvariantCulture), ReportNumbers.Seconds(scored.MeanSeconds), ReportNumbers.Dollars(scored.MeanCost),
                    $"{scored.Failed} of {scored.Questions.Count}",
                ]);
        }

        text.Append('\n');
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) => text.Append($"| {string.Join(" | ", cells.Select(Plain))} |\n");

    // Names come from files and people: they must not end a cell or become markup.
    private static string Plain(string text) => Special().Replace(string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)), @"\$0");

    [GeneratedRegex(@"[\\`*_\[\]<>|#]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Special();
}
