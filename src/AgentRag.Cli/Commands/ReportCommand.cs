using System.CommandLine;
using AgentRag.Cli.Output;
using AgentRag.Evaluation;
using AgentRag.Evaluation.Reports;
using AgentRag.Evaluation.Runs;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag report</c>: shows recorded runs, as a page or as Markdown.</summary>
internal static class ReportCommand
{
    private static readonly Argument<string[]> Runs = new("RUN") { Description = "Folders of evaluation runs.", Arity = ArgumentArity.OneOrMore };

    private static readonly Option<string?> Output = new("--output")
    {
        HelpName = "FILE",
        Description = "Where to write: a name that ends in .html makes a page, .md makes Markdown (default: Markdown on stdout).",
    };

    private static readonly Option<string?> Metric = new("--metric") { HelpName = "NAME", Description = "By which metric the best are chosen: em, f1 (default), f1-hotpotqa, acc or judged." };

    private static readonly Option<int?> Details = Flags.Number<int>("--details", "N", "Questions of each run that are shown with the whole way to their answers (default: 40).");

    private static readonly Option<string?> Predictions = new("--predictions")
    {
        HelpName = "FILE",
        Description = "Predictions to set against what was measured: JSON Lines with dataSet, strategy, k, m, n, metric, predicted, low and high.",
    };

    private static readonly Option<int?> Seed = Flags.Number<int>("--seed", "S", "Seeds intervals and tests (default: 1).");

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "report",
            "Show recorded evaluation runs: a page to look at, or Markdown.",
            "The page holds everything itself and loads nothing: the best under each budget in the layout of the paper's table 1, performance against tokens, heat maps over k and m, " +
            "advice, paired comparisons, and questions with the whole way to their answers.",
            "agentrag report agentrag-runs/hotpotqa-1a2b3c4d --output report.html",
            "agentrag report runs/hotpotqa runs/musique --metric em --output report.md",
            "agentrag report runs/hotpotqa --predictions predictions.jsonl --details 100 --output report.html")
        {
            Runs, Output, Metric, Details, Predictions, Seed,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var file = parsed.GetValue(Output);
        var isPage = file is not null && Path.GetExtension(file).ToLowerInvariant() switch
        {
            ".html" or ".htm" => true,
            ".md" or ".markdown" => false,
            var other => throw new AgentRagException($"--output {file}: a report is written as .html or .md, not as '{other}'."),
        };
        var details = parsed.GetValue(Details) ?? 40;
        if (details < 0)
        {
            throw new AgentRagException($"--details is {details}, must be at least 0.");
        }

        var options = new RunReportOptions
        {
            Metric = MetricOf(parsed.GetValue(Metric) ?? "f1"),
            DetailedQuestions = details,
            Predictions = parsed.GetValue(Predictions) is { } predictions ? await PerformancePrediction.LoadAsync(predictions, cancellationToken) : [],
            Seed = (ulong)(parsed.GetValue(Seed) ?? 1),
        };
        var report = await Task.Run(() => RunReport.Of([.. parsed.GetValue(Runs)!.Select(run => ScoredRun.Of(RunReader.Open(run)))], options), cancellationToken);
        var text = await Task.Run(() => isPage ? HtmlReport.Write(report) : MarkdownReport.Write(report), cancellationToken);
        if (file is null)
        {
            terminal.WriteLine(text.TrimEnd('\n'));
            return ExitCode.Success;
        }

        OutputFile.Write(file, text);
        terminal.WriteLine($"{file}: {Plural.Of(report.Runs.Count, "run")}, {Plural.Of(report.Runs.Sum(run => run.Scored.Configurations.Count), "configuration")}, {text.Length:N0} characters");
        return ExitCode.Success;
    }

    private static EvaluationMetric MetricOf(string name) => name.ToLowerInvariant() switch
    {
        "em" => EvaluationMetric.ExactMatch,
        "f1" => EvaluationMetric.F1,
        "f1-hotpotqa" => EvaluationMetric.F1HotpotQa,
        "acc" => EvaluationMetric.Accuracy,
        "judged" => EvaluationMetric.Judged,
        _ => throw new AgentRagException($"There is no metric '{name}': use em, f1, f1-hotpotqa, acc or judged."),
    };
}
