using AgentRag.Answering;
using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>A report as one HTML page that needs no network: tables, charts, advice, and every shown question with the whole way to its answers.</summary>
public static class HtmlReport
{
    private const int MaxComparisons = 15;

    /// <summary>Writes the page.</summary>
    /// <param name="report">The report.</param>
    /// <returns>The page's HTML.</returns>
    public static string Write(RunReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var names = string.Join(", ", report.Runs.Select(run => run.Name));
        var main = Optima(report);
        var navigation = Markup.Of($"<li><a href=\"#optima\">Best under each budget</a></li>");
        foreach (var (i, run) in report.Runs.Index())
        {
            main += Section(report, run, i);
            navigation += Markup.Of($"<li><a href=\"#run{i}\">{run.Name}</a></li>");
        }

        var banner = report.IsSimulated
            ? Markup.Of($"<p class=\"note simulated\"><strong>Simulated.</strong> No model was asked; nothing on this page was measured.</p>")
            : Markup.Empty;
        return HtmlPage.Of(
            $"Evaluation of {names}",
            Markup.Of(
                $"""
                <h1>Evaluation of {names}</h1>
                <p class="soft">Metrics in percent with 95 % bootstrap intervals over questions. Failed questions count 0. A configuration's tokens are effective context tokens: input tokens over all requests of a question (arXiv 2410.04343).</p>
                {banner}
                """),
            Markup.Of($"<ul>{navigation}</ul>"),
            main);
    }

    /// <summary>The paper's table 1: for each budget and method the best configuration of each data set.</summary>
    private static Markup Optima(RunReport report)
    {
        var metrics = string.Join(" / ", EvaluationMetrics.OfPaper.Select(metric => metric.ShortName()));
        var head = Markup.Join(report.Runs.Select(run => Markup.Of($"<th scope=\"col\">{run.Name}</th>")));
        var rows = Markup.Empty;
        foreach (var (budget, methods) in report.Optima())
        {
            foreach (var (i, (strategy, optima)) in methods.Index())
            {
                var first = i == 0 ? Markup.Of($"<th scope=\"rowgroup\" rowspan=\"{methods.Count}\">{ReportNumbers.Tokens(budget)}</th>") : Markup.Empty;
                var mean = report.Runs.Count > 1 ? Markup.Of($"<td>{Means(optima)}</td>") : Markup.Empty;
                rows += Markup.Of($"<tr{new Markup(i == 0 ? " class=\"block\"" : "")}>{first}<th scope=\"row\">{strategy}</th>{optima.Select(Optimum)}{mean}</tr>");
            }
        }

        return Markup.Of(
            $"""
            <section id="optima" aria-labelledby="optima-h"><h2 id="optima-h">Best under each budget</h2>
            <p>The layout of the paper's table 1. Each cell is the best configuration of a method, by {report.Options.Metric.ShortName()}, of which no question took more tokens than the budget (equation 1), chosen on the questions it is measured on. A method is repeated only where a larger budget changes its best.</p>
            <div class="scroll"><table><caption>{metrics}, and k, m, n below</caption><thead><tr><th scope="col">budget</th><th scope="col" class="text">method</th>{head}{(report.Runs.Count > 1 ? Markup.Of($"<th scope=\"col\">mean</th>") : Markup.Empty)}</tr></thead><tbody>{rows}</tbody></table></div>
            {Missing(report)}</section>
            """);
    }

    private static Markup Optimum(ConfigurationScores? scored) => scored is null
        ? Markup.Of($"<td>–</td>")
        : Markup.Of($"<td>{Three(scored)}<br><small>{string.Join(", ", scored.Configuration.ShownParameters)}</small></td>");

    private static string Three(ConfigurationScores scored) => string.Join(" / ", EvaluationMetrics.OfPaper.Select(metric => ReportNumbers.Percent(scored.MeanOf(metric))));

    private static string Means(IReadOnlyList<ConfigurationScores?> optima) => optima.Contains(null)
        ? "–"
        : string.Join(" / ", EvaluationMetrics.OfPaper.Select(metric => ReportNumbers.Percent(optima.Average(scored => scored!.MeanOf(metric)))));

    private static Markup Missing(RunReport report)
    {
        var strategies = report.Runs.SelectMany(run => run.Finished).Select(scored => scored.Configuration.Strategy).ToHashSet(StringComparer.Ordinal);
        List<string> missing =
        [
            .. strategies.Contains(ZeroShotAnswerer.Name) ? Array.Empty<string>() : ["a closed-book baseline (--baselines zero-shot)"],
            .. strategies.Contains(RunConfiguration.GoldPassages) ? Array.Empty<string>() : ["gold passages (--baselines gold)"],
        ];
        return missing.Count == 0
            ? Markup.Empty
            : Markup.Of($"<p class=\"note\">Without {string.Join(" and ", missing)} nobody can tell what the model knew by itself, or what better retrieval could bring.</p>");
    }

    private static Markup Section(RunReport report, ReportedRun run, int index)
    {
        var manifest = run.Scored.Run.Manifest;
        return Markup.Of(
            $"""
            <section id="run{index}" aria-labelledby="run{index}-h"><h2 id="run{index}-h">{run.Name}</h2>
            <p>{run.Scored.Questions} questions of {manifest.DataSet}, model {manifest.Model}, begun {manifest.CreatedAt:yyyy-MM-dd}. {run.Scored.Configurations.Count} configurations.</p>
            {Warnings(run)}
            <h3>Performance and tokens</h3>{Charts(run, $"run{index}")}
            {Advice(report, run)}
            {Maps(report, run)}
            {Predictions(report, run, index)}
            {Comparisons(report, run)}
            {Configurations(report, run)}
            {Details(report, run, index)}
            {Fingerprint(manifest)}
            </section>
            """);
    }

    private static Markup Warnings(ReportedRun run)
    {
        var unfinished = run.Scored.Configurations.Count - run.Finished.Count;
        var failed = run.Finished.Where(scored => scored.Failed > 0).ToList();
        return (unfinished == 0 ? Markup.Empty : Markup.Of($"<p class=\"note\">{unfinished} configurations were not asked all questions yet; they are left out.</p>"))
            + (failed.Count == 0 ? Markup.Empty : Markup.Of($"<p class=\"note\">In {failed.Count} configurations questions failed, {failed.Max(scored => scored.Failed)} at most; they count 0. Ask them again with --retry-failed.</p>"));
    }

    private static Markup Charts(ReportedRun run, string id)
    {
        var legend = run.Finished.Select(scored => scored.Configuration.Strategy).Distinct()
            .Select(strategy => Markup.Of($"<li><svg viewBox=\"0 0 18 18\" aria-hidden=\"true\">{Svg.Mark(strategy, 9, 9)}</svg> {strategy}</li>"));
        var tabs = Markup.Join(EvaluationMetrics.OfPaper.Select((metric, i) => Markup.Of(
            $"<input type=\"radio\" name=\"{id}-metric\" id=\"{id}-m{i}\"{new Markup(metric == EvaluationMetric.F1 ? " checked" : "")}> <label for=\"{id}-m{i}\">{metric.ShortName()}</label> ")));
        var figures = Markup.Join(EvaluationMetrics.OfPaper.Select((metric, i) => Markup.Of(
            $"<figure>{TokensChart.Draw(run, metric, $"{id}-c{i}")}<figcaption>{TokensChart.Describe(run, metric, run.Envelope(metric), run.FitOf(metric))} Solid: the optimal envelope. Dashed: the line through it. The numbers are in the table of configurations.</figcaption></figure>")));
        return Markup.Of($"<fieldset class=\"tabs\"><legend>Metric</legend>{tabs}{figures}</fieldset><ul class=\"legend\">{legend}</ul>");
    }

    private static Markup Advice(RunReport report, ReportedRun run)
    {
        var items = report.Budgets.Select(run.Advice).OfType<BudgetAdvice>().ToList();
        var told = items.Where((advice, i) => i == 0 || advice.Best != items[i - 1].Best).Select(advice => Markup.Of($"<li>{AdviceText.Of(run, advice, report.Options.Metric)}</li>"));
        return Markup.Of($"<h3>What to spend</h3><ul>{told}</ul><p class=\"soft\">Differences that are not clear may be real: more questions would tell. Chosen on these questions, measured on these questions.</p>");
    }

    private static Markup Maps(RunReport report, ReportedRun run) => HeatMap.Strategies(run).ToList() is { Count: > 0 } strategies
        ? Markup.Of($"<h3>Passages and demonstrations</h3><div class=\"maps scroll\">{strategies.Select(strategy => HeatMap.Draw(run, strategy, report.Options.Metric))}</div>")
        : Markup.Empty;

    private static Markup Predictions(RunReport report, ReportedRun run, int index)
    {
        var pairs = PredictionChart.Pairs(run, report.Options.Metric, report.Options.Predictions);
        if (pairs.Count == 0)
        {
            return Markup.Empty;
        }

        var (error, rSquared) = PredictionChart.Quality(pairs);
        return Markup.Of(
            $"<h3>Predicted and measured</h3><figure>{PredictionChart.Draw(run, report.Options.Metric, pairs, $"run{index}-p")}<figcaption>{pairs.Count} configurations; mean squared error {error:0.0000}, R² {rSquared:0.00}. Bars: the predictions' intervals.</figcaption></figure>");
    }

    private static Markup Comparisons(RunReport report, ReportedRun run)
    {
        var best = run.Scored.BestOfStrategies(report.Options.Metric);
        var pairs = ScoredRun.CompareAll(best, report.Options.Metric, report.Options.Seed);
        var rows = Markup.Join(pairs.OrderBy(pair => pair.AdjustedP).Take(MaxComparisons).Select(pair => Markup.Of(
            $"<tr><td class=\"text\">{run.Scored.NameOf(pair.First.Configuration)}</td><td class=\"text\">{run.Scored.NameOf(pair.Second.Configuration)}</td><td>{ReportNumbers.Signed(pair.Comparison.Difference.Value)}</td><td>{ReportNumbers.Signed(pair.Comparison.Difference.Low)} to {ReportNumbers.Signed(pair.Comparison.Difference.High)}</td><td>{ReportNumbers.P(pair.AdjustedP)}</td><td class=\"text\">{(pair.IsClear ? "clear" : "not clear")}</td></tr>")));
        return pairs.Count == 0 ? Markup.Empty : Markup.Of(
            $"""
            <h3>Paired comparisons</h3><div class="scroll"><table><caption>The best configuration of each strategy, on the same questions: {report.Options.Metric.ShortName()} of the first minus the second, with paired bootstrap interval; p by {(report.Options.Metric.IsYesOrNo() ? "McNemar's exact test" : "sign-flip permutation")}, adjusted for all pairs (Holm)</caption>
            <thead><tr><th scope="col" class="text">first</th><th scope="col" class="text">second</th><th scope="col">difference</th><th scope="col">interval</th><th scope="col">p</th><th scope="col" class="text">at 0.05</th></tr></thead><tbody>{rows}</tbody></table></div>
            """);
    }

    private static Markup Configurations(RunReport report, ReportedRun run)
    {
        var hasJudge = run.Scored.Judge is not null;
        var metrics = EvaluationMetrics.OfPaper.Concat(run.HasHotpotQaRule ? [EvaluationMetric.F1HotpotQa] : []).Concat(hasJudge ? [EvaluationMetric.Judged] : [])
            .Concat(run.HasSupports ? [EvaluationMetric.Recall, EvaluationMetric.Ndcg, EvaluationMetric.ReciprocalRank] : []).ToList();
        var head = Markup.Join(metrics.Select(metric => Markup.Of($"<th scope=\"col\">{metric.ShortName()}</th>")));
        var rows = Markup.Join(run.Scored.Configurations.Select(scored =>
        {
            var cells = Markup.Join(metrics.Select(metric => Markup.Of(
                $"<td>{ReportNumbers.Percent(scored.MeanOf(metric))}<br><small>{ReportNumbers.Range(EvaluationMetrics.OfPaper.Contains(metric) ? scored.IntervalOf(metric, report.Options.Seed) : null)}</small></td>")));
            return Markup.Of(
                $"<tr><th scope=\"row\">{scored.Configuration.Strategy}</th>{scored.Configuration.ShownParameters.Select(value => Markup.Of($"<td>{value}</td>"))}<td>{ReportNumbers.Tokens(scored.Configuration.BudgetTokens)}</td>{cells}<td>{ReportNumbers.Tokens(scored.MeanTokens)}</td><td>{ReportNumbers.Tokens(scored.MaxTokens)}</td><td>{ReportNumbers.Percent(scored.BudgetUtilization)}</td><td>{ReportNumbers.Gain(run.Scored.ScalingEfficiency(scored, report.Options.Metric))}</td><td>{ReportNumbers.Used(scored)}</td><td>{scored.MeanRequests:0.0}</td><td>{ReportNumbers.Seconds(scored.MeanSeconds)}</td><td>{ReportNumbers.Dollars(scored.MeanCost)}</td><td>{scored.Trimmed}</td><td>{scored.Failed} of {scored.Questions.Count}</td></tr>");
        }));
        return Markup.Of(
            $"""
            <h3>All configurations</h3><details><summary>{run.Scored.Configurations.Count} rows</summary><div class="scroll"><table><caption>Means over questions{(hasJudge ? $"; judged by {run.Scored.Judge}" : "")}. Of budget: mean tokens in % of it. Gain: percentage points of {report.Options.Metric.ShortName()} per 1,000 tokens more than the best cheaper configuration of the strategy takes. Used: passages, demonstrations and iterations of an answer</caption>
            <thead><tr><th scope="col" class="text">strategy</th><th scope="col">k</th><th scope="col">m</th><th scope="col">n</th><th scope="col">budget</th>{head}<th scope="col">tokens</th><th scope="col">most tokens</th><th scope="col">of budget</th><th scope="col">gain</th><th scope="col">used</th><th scope="col">requests</th><th scope="col">seconds</th><th scope="col">cost</th><th scope="col">trimmed</th><th scope="col">failed</th></tr></thead><tbody>{rows}</tbody></table></div></details>
            """);
    }

    private static Markup Details(RunReport report, ReportedRun run, int index)
    {
        if (report.Options.DetailedQuestions == 0)
        {
            return Markup.Empty;
        }

        var details = DetailedRun.Of(run, report.Options);
        var drawing = new QuestionMarkup(details, report.Options.Metric, $"run{index}");
        return Markup.Of(
            $"""
            <h3>Questions</h3><p>{details.Questions.Count} of {run.Scored.Questions} questions, those first chosen on which the strategies differ most; under the best configuration of each strategy.</p>
            <div><div class="filter" hidden><label>Search <input type="search"></label><label>Show <select><option value="">all</option><option value="right">all right</option><option value="mixed">mixed</option><option value="wrong">all wrong</option></select></label><output aria-live="polite"></output></div>
            {details.Questions.Select((question, i) => drawing.Draw(question, i))}</div>
            """);
    }

    private static Markup Fingerprint(RunManifest manifest) => Markup.Of(
        $"<details><summary>What the results depend on</summary><dl>{manifest.Fingerprint.Select(part => Markup.Of($"<dt>{part.Key}</dt><dd><code>{part.Value}</code></dd>"))}</dl></details>");
}
