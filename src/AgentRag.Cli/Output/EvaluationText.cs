using AgentRag.Answering;
using AgentRag.Cli.Commands;
using AgentRag.Evaluation;
using AgentRag.Prompting;
using Spectre.Console;

namespace AgentRag.Cli.Output;

/// <summary>The results of <c>evaluate</c> as JSON lines and as a table.</summary>
internal static class EvaluationText
{
    /// <summary>One question of one strategy.</summary>
    public static object Row(string strategy, EvaluatedQuestion result) => new
    {
        result.Question.Id,
        Strategy = strategy,
        Answer = result.Answer?.Text,
        result.Question.Answers,
        result.Metrics?.ExactMatch,
        result.Metrics?.F1,
        result.Metrics?.Accuracy,
        result.Answer?.EffectiveContextTokens,
        Requests = result.Answer?.Trace.Count,
        StopReason = result.Answer is { } answer ? Json.CamelCase(answer.StopReason) : null,
        Citations = result.Answer?.Citations.Select(citation => citation.PassageId),
        result.Error,
    };

    /// <summary>The last line: one total per strategy, and what the run depends on.</summary>
    public static object Totals(IReadOnlyList<EvaluationReport> reports, SupportRecall? recall, TokenBudgetOptions bounds, PromptLibrary prompts) => new
    {
        Totals = reports.Select(report => new
        {
            report.Strategy,
            Questions = report.Questions.Count,
            report.Failed,
            report.ExactMatch,
            report.F1,
            report.Accuracy,
            report.MeanEffectiveContextTokens,
            report.MaxEffectiveContextTokens,
            report.MeanRequests,
        }),
        reports[0].Model,
        Parameters = AnswerJson.Parameters(reports[0].Parameters),
        Budget = bounds,
        PromptHashes = Enum.GetValues<PromptName>().ToDictionary(PromptLibrary.FileName, name => prompts.Get(name).ContentHash),
        Recall = recall?.ToJson(),
    };

    /// <summary>One row per strategy; metrics in percent.</summary>
    public static void WriteTable(Terminal terminal, IReadOnlyList<EvaluationReport> reports, SupportRecall? recall)
    {
        var table = new Table().AddColumn("strategy");
        foreach (var column in new[] { "EM %", "F1 %", "Acc %", "mean tokens", "max tokens", "mean requests", "failed" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var report in reports)
        {
            table.AddRow(
                report.Strategy,
                Scores.Percent(report.ExactMatch),
                Scores.Percent(report.F1),
                Scores.Percent(report.Accuracy),
                Scores.Tokens(report.MeanEffectiveContextTokens),
                Scores.Tokens(report.MaxEffectiveContextTokens),
                $"{report.MeanRequests:0.0}",
                $"{report.Failed}");
        }

        terminal.WriteTable(table);
        terminal.WriteLine($"{Plural.Of(reports[0].Questions.Count, "question")}; model {reports[0].Model}; {reports[0].Parameters}");
        if (recall is not null)
        {
            terminal.WriteLine(recall.ToText());
        }
    }
}
