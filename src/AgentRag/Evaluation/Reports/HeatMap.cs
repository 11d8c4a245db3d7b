using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>Performance over k and m of one strategy, the best over n and budgets (the paper's figure 5): a table with colours, so that everybody can read it.</summary>
internal static class HeatMap
{
    /// <summary>The strategies of a run that have something to show: more than one k or m.</summary>
    public static IEnumerable<string> Strategies(ReportedRun run) => run.Finished.Where(scored => !scored.Configuration.IsBaseline)
        .GroupBy(scored => scored.Configuration.Strategy)
        .Where(strategy => strategy.Select(scored => (scored.Configuration.Parameters.K, scored.Configuration.Parameters.M)).Distinct().Count() > 1)
        .Select(strategy => strategy.Key);

    /// <summary>The best configuration of each cell.</summary>
    public static Dictionary<(int K, int M), ConfigurationScores> Cells(ReportedRun run, string strategy, EvaluationMetric metric) => run.Finished
        .Where(scored => scored.Configuration.Strategy == strategy && scored.MeanOf(metric) is not null)
        .GroupBy(scored => (scored.Configuration.Parameters.K, scored.Configuration.Parameters.M))
        .ToDictionary(cell => cell.Key, cell => cell.OrderByDescending(scored => scored.MeanOf(metric)).ThenBy(scored => scored.MeanTokens).First());

    public static Markup Draw(ReportedRun run, string strategy, EvaluationMetric metric)
    {
        var cells = Cells(run, strategy, metric);
        List<int> ks = [.. cells.Keys.Select(cell => cell.K).Distinct().Order()];
        List<int> ms = [.. cells.Keys.Select(cell => cell.M).Distinct().Order()];
        var (low, high) = (cells.Values.Min(scored => scored.MeanOf(metric)!.Value), cells.Values.Max(scored => scored.MeanOf(metric)!.Value));
        var head = Markup.Join(ks.Select(k => Markup.Of($"<th scope=\"col\">{k}</th>")));
        var rows = Markup.Join(ms.Select(m =>
            Markup.Of($"<tr><th scope=\"row\">{m}</th>{ks.Select(k => Cell(cells.GetValueOrDefault((k, m)), metric, low, high))}</tr>")));
        return Markup.Of(
            $"<table class=\"heat\"><caption>{strategy}: {metric.ShortName()} in %, best over n and budgets{(high > low || cells.Count < 2 ? "" : "; the same everywhere")}</caption><thead><tr><th scope=\"col\">m \\ k</th>{head}</tr></thead><tbody>{rows}</tbody></table>");
    }

    private static Markup Cell(ConfigurationScores? scored, EvaluationMetric metric, double low, double high)
    {
        if (scored is null)
        {
            return Markup.Of($"<td>–</td>");
        }

        var value = scored.MeanOf(metric)!.Value;
        // Ten steps, as classes: the page allows no inline styles. Where all is equal nothing stands out.
        var step = high > low ? (int)Math.Round(10 * (value - low) / (high - low)) : 0;
        return Markup.Of(
            $"<td class=\"h{step}\" title=\"n={scored.Configuration.Parameters.N}, {ReportNumbers.Tokens(scored.MeanTokens)} tokens\">{ReportNumbers.Percent(value)}</td>");
    }
}
