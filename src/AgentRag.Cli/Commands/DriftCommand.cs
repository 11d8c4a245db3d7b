using System.CommandLine;
using AgentRag.Cli.Output;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using Spectre.Console;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag drift</c>: compares new runs with what an allocation model expects.</summary>
internal static class DriftCommand
{
    private static readonly Argument<string[]> Runs = new("runs")
    {
        Description = $"New runs, the oldest first: files of observations, or folders with {ObservationFile.Name} in them.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> Model = new("--model") { HelpName = "FILE", Description = "The allocation model, made by 'agentrag fit'." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "drift",
            "Compare new evaluation runs with an allocation model, and say when to fit it again.",
            $"A CUSUM chart for each metric: slack {Cusum.DefaultSlack} standard deviations, and a limit that gives a false alarm in one check of twenty. " +
            "Run configurations that the model was fitted to, on the same questions: another sample shifts all observations of a data set together, so they count as one. " +
            "A changed chat model, prompt set, index or retriever is told too.",
            "agentrag drift --model model.json runs/today",
            "agentrag drift --model model.json runs/ --json")
        {
            Runs, Model, Flags.Json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var file = parsed.GetValue(Model) ?? throw new AgentRagException("Name the allocation model with --model FILE; 'agentrag fit' makes one.");
        var model = await AllocationModelFile.LoadAsync(file, cancellationToken);
        var report = DriftMonitor.Check(model, await ObservationFile.LoadAsync(parsed.GetRequiredValue(Runs), cancellationToken));
        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new { Refit = report.ShouldRefit, report.Charts, ComparedWithMeasured = report.Residuals.Count(residual => residual.WasMeasured), report.OtherQuestions, report.Changes, report.Skipped });
            return ExitCode.Success;
        }

        var table = new Table().AddColumn("metric");
        foreach (var column in new[] { "observations", "mean residual", "sum above", "sum below", "limit", "alarm" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var chart in report.Charts)
        {
            table.AddRow(
                chart.Metric,
                $"{chart.Observations:N0}",
                $"{chart.MeanResidual:0.00}",
                $"{chart.Above:0.00}",
                $"{chart.Below:0.00}",
                $"{chart.Limit:0.00}",
                chart.AlarmAt is { } at ? $"at observation {at:N0}, {(chart.IsBelow ? "worse" : "better")} than expected" : "none");
        }

        terminal.WriteTable(table);
        foreach (var line in report.Changes.Concat(report.Skipped))
        {
            terminal.WriteLine(line);
        }

        var measured = report.Residuals.Count(residual => residual.WasMeasured);
        terminal.WriteLine($"{Plural.Of(measured, "observation")} compared with what was measured before, {report.Residuals.Count - measured:N0} with what is predicted.");
        if (report.OtherQuestions > 0)
        {
            terminal.WriteLine(
                $"{Plural.Of(report.OtherQuestions, "observation")} asked other questions than the model was fitted to; those of a data set count as one, so only large drifts show.");
        }

        terminal.WriteLine(report.ShouldRefit
            ? $"Fit again: agentrag fit RUNS --output {file}"
            : "The model still holds: what was measured lies where it expects it.");
        return ExitCode.Success;
    }
}
