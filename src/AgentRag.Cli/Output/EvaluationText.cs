using System.Globalization;
using AgentRag.Answering;
using AgentRag.Cli.Commands;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Evaluation.Runs;
using AgentRag.Models;
using Spectre.Console;

namespace AgentRag.Cli.Output;

/// <summary>The results of <c>evaluate</c> as JSON lines and as a table.</summary>
internal static class EvaluationText
{
    private static readonly string[] Columns = ["k", "m", "n", "budget", "EM %", "F1 %", "Acc %"];

    /// <summary>One question under one configuration.</summary>
    public static object Row(RunRecord record, LabelledQuestion question, AnswerMetrics? metrics) => new
    {
        question.Id,
        record.Strategy,
        record.K,
        record.M,
        record.N,
        record.Budget,
        record.Answer,
        question.Answers,
        metrics?.ExactMatch,
        metrics?.F1,
        metrics?.F1HotpotQa,
        metrics?.Accuracy,
        EffectiveContextTokens = record.IsFailed ? (long?)null : record.Tokens,
        Requests = record.IsFailed ? (int?)null : record.Requests.Count,
        record.Seconds,
        record.Cost,
        StopReason = record.StopReason is { } reason ? Json.CamelCase(reason) : null,
        record.Error,
    };

    /// <summary>The last line: one total per configuration, and what the run depends on.</summary>
    public static object Totals(ScoredRun scored, RunEnd? end, SupportRecall? recall, TokenBudgetOptions? bounds, ulong seed) => new
    {
        Totals = scored.Configurations.Select(total => new
        {
            total.Configuration.Strategy,
            total.Configuration.Parameters.K,
            total.Configuration.Parameters.M,
            total.Configuration.Parameters.N,
            Budget = total.Configuration.BudgetTokens,
            Questions = total.Questions.Count,
            total.Failed,
            ExactMatch = total.MeanOf(EvaluationMetric.ExactMatch),
            F1 = total.MeanOf(EvaluationMetric.F1),
            F1HotpotQa = total.MeanOf(EvaluationMetric.F1HotpotQa),
            Accuracy = total.MeanOf(EvaluationMetric.Accuracy),
            Judged = total.MeanOf(EvaluationMetric.Judged),
            Recall = total.MeanOf(EvaluationMetric.Recall),
            Ndcg = total.MeanOf(EvaluationMetric.Ndcg),
            Mrr = total.MeanOf(EvaluationMetric.ReciprocalRank),
            Intervals = EvaluationMetrics.OfPaper.ToDictionary(
                metric => Json.CamelCase(metric), metric => total.IntervalOf(metric, seed) is { } interval ? new[] { interval.Low, interval.High } : []),
            MeanEffectiveContextTokens = total.MeanTokens,
            MaxEffectiveContextTokens = total.MaxTokens,
            BudgetUtilization = total.BudgetUtilization,
            MeanUsed = new { K = total.MeanUsedK, M = total.MeanUsedM, N = total.MeanIterations },
            ScalingEfficiency = EvaluationMetrics.OfPaper.Where(metric => scored.ScalingEfficiency(total, metric) is not null)
                .ToDictionary(metric => Json.CamelCase(metric), metric => scored.ScalingEfficiency(total, metric)!.Value),
            total.MeanOutputTokens,
            total.MeanRequests,
            total.MeanSeconds,
            total.MeanCost,
            total.Trimmed,
            total.Prediction,
        }),
        scored.Run.Manifest.DataSet,
        scored.Run.Manifest.Model,
        Simulated = scored.Run.Manifest.IsSimulated ? true : (bool?)null,
        scored.Judge,
        Comparisons = Compared(scored, seed).Select(pair => new
        {
            Metric = Json.CamelCase(EvaluationMetric.F1),
            First = pair.First.Configuration.ToString(),
            Second = pair.Second.Configuration.ToString(),
            Difference = pair.Comparison.Difference.Value,
            Interval = new[] { pair.Comparison.Difference.Low, pair.Comparison.Difference.High },
            pair.Comparison.P,
            pair.AdjustedP,
        }),
        Bounds = bounds is null ? null : new { bounds.ContextWindowTokens, bounds.ReservedAnswerTokens },
        Recall = recall?.ToJson(),
        Run = scored.Run.Directory,
        Fingerprint = scored.Run.Manifest.Fingerprint,
        Seed = seed,
        RequestsSent = end?.RequestsSent,
        RequestsReused = end?.RequestsReused,
        SpentCost = end?.SpentCost,
    };

    /// <summary>One row per configuration; metrics in percent, with half the width of their 95 % intervals.</summary>
    public static void WriteTable(Terminal terminal, ScoredRun scored, SupportRecall? recall, ulong seed)
    {
        var all = scored.Configurations;
        var (hasJudge, hasRecall, hasCost) = (scored.Judge is not null, all.Any(HasRecall), all.Any(total => total.MeanCost is not null));
        var table = new Table().AddColumn("strategy");
        foreach (var column in Columns.Concat(hasJudge ? ["judged %"] : []).Concat(hasRecall ? ["recall %"] : [])
            .Concat(["mean tokens", "max tokens", "requests", "seconds"]).Concat(hasCost ? ["cost"] : []).Append("failed"))
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var total in all)
        {
            string[] cells =
            [
                total.Configuration.Strategy,
                .. total.Configuration.ShownParameters,
                Scores.ShortTokens(total.Configuration.BudgetTokens),
                .. EvaluationMetrics.OfPaper.Select(metric => Scores.Percent(total.IntervalOf(metric, seed))),
                .. hasJudge ? [Scores.Percent(total.IntervalOf(EvaluationMetric.Judged, seed))] : Array.Empty<string>(),
                .. hasRecall ? [total.MeanOf(EvaluationMetric.Recall) is { } share ? Scores.Percent(share) : ""] : Array.Empty<string>(),
                Scores.Tokens(total.MeanTokens),
                Scores.Tokens(total.MaxTokens),
                $"{total.MeanRequests:0.0}",
                total.MeanSeconds.ToString(total.MeanSeconds < 1 ? "0.000" : "0.0", CultureInfo.InvariantCulture),
                .. hasCost ? [total.MeanCost is { } cost ? Scores.Dollars(cost) : ""] : Array.Empty<string>(),
                total.Questions.Count < scored.Questions ? $"{total.Failed} (of {total.Questions.Count})" : $"{total.Failed}",
            ];
            table.AddRow(cells);
        }

        terminal.WriteTable(table);
        terminal.WriteLine($"{Plural.Of(scored.Questions, "question")} of {scored.Run.Manifest.DataSet}; model {scored.Run.Manifest.Model}{(scored.Run.Manifest.IsSimulated ? " (simulated)" : "")}");
        if (hasJudge)
        {
            terminal.WriteLine($"judged: by {scored.Judge}");
        }

        if (recall is not null)
        {
            terminal.WriteLine(recall.ToText());
        }

        static bool HasRecall(ConfigurationScores total) => total.MeanOf(EvaluationMetric.Recall) is > 0;
    }

    /// <summary>The best configuration of every strategy against the best of all.</summary>
    public static void WriteComparisons(Terminal terminal, ScoredRun scored, ulong seed)
    {
        var pairs = Compared(scored, seed);
        if (pairs.Count == 0)
        {
            return;
        }

        terminal.WriteLine();
        terminal.WriteLine("Best of each strategy in F1, paired on the same questions (p by permutation, adjusted for the number of pairs):");
        foreach (var pair in pairs)
        {
            var difference = pair.Comparison.Difference;
            terminal.WriteLine(
                $"  {scored.NameOf(pair.First.Configuration)} against {scored.NameOf(pair.Second.Configuration)}: {Signed(difference.Value)} ({Signed(difference.Low)} to {Signed(difference.High)}), " +
                $"p {(pair.AdjustedP < 0.001 ? "< 0.001" : pair.AdjustedP.ToString("0.000", CultureInfo.InvariantCulture))}{(pair.IsClear ? "" : ": no clear difference")}");
        }

        static string Signed(double share) => (100 * share).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
    }

    /// <summary>Where the results are, and how to look at them.</summary>
    public static void WriteEnd(Terminal terminal, ScoredRun scored, RunEnd? end)
    {
        if (end is not null)
        {
            terminal.WriteLine(
                $"{Plural.Of(end.Answered, "answer")} now, {end.RequestsSent:N0} requests sent, {end.RequestsReused:N0} answered from earlier ones" +
                (end.SpentCost is { } cost ? $"; {Scores.Dollars(cost)} in all" : ""));
        }

        if (PredictionUsage.Sum(scored.Configurations.Select(total => total.Prediction)) is { } prediction)
        {
            terminal.WriteLine($"Drafts: {AnswerText.Predicted(prediction)}");
        }

        terminal.WriteLine($"Run: {scored.Run.Directory}   (agentrag report {scored.Run.Directory} --output report.html; agentrag trace {scored.Run.Directory} QUESTION)");
    }

    // Every strategy against the best one: the baselines are there to be looked at, and a strategy that is best of many was chosen on these very questions.
    private static IReadOnlyList<ComparedConfigurations> Compared(ScoredRun scored, ulong seed)
    {
        var best = scored.BestOfStrategies(EvaluationMetric.F1).OrderByDescending(total => total.MeanOf(EvaluationMetric.F1)).ToList();
        return best.Count < 2 ? [] : [.. ScoredRun.CompareAll(best, EvaluationMetric.F1, seed).Where(pair => pair.First == best[0])];
    }
}
