using System.CommandLine;
using AgentRag.Cli.Output;
using AgentRag.Evaluation;
using AgentRag.Fitting;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag fit</c>: fits an allocation model to evaluation runs.</summary>
internal static class FitCommand
{
    private static readonly Argument<string[]> Runs = new("runs")
    {
        Description = $"Files of observations, or folders with {ObservationFile.Name} in them.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> Target = new("--output") { HelpName = "FILE", Description = "Write the model to FILE, whole or not at all." };

    private static readonly Option<string?> Report = new("--report")
    {
        HelpName = "FILE",
        Description = "Write a report with left-out data sets and larger budgets to FILE: Markdown, or JSON when the name ends in .json.",
    };

    private static readonly Option<string?> Variant = new("--variant")
    {
        HelpName = "NAME",
        Description = "sigmoid (default), linear, quadratic or without-informativeness: the form of the equation.",
    };

    private static readonly Option<string?> Pooling = new("--pooling")
    {
        HelpName = "NAME",
        Description = "shared, intercept or per-strategy: what the strategies share. Default: what predicts left-out configurations best.",
    };

    private static readonly Option<string?> Strategies = new("--strategies")
    {
        HelpName = "LIST",
        Description = "Strategies to fit, with commas. Default: all but the baselines (zero-shot, many-shot, rag, gold passages), whose measurements are kept beside the equation.",
    };

    private static readonly Option<string?> Budgets = new("--budgets")
    {
        HelpName = "LIST",
        Description = "Budgets of the report, such as 4k,16k,64k. Default: those of the paper, 16k,32k,128k,1M,5M.",
    };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "fit",
            "Fit an allocation model to evaluation runs: what k, m and n are worth with your model and documents.",
            "Needs, for each data set and strategy, the probes k and m of 0 and 1 with n = 1, and best ten or more other configurations. Says in plain words what the runs " +
            "cannot say. Runs of several chat models, or simulated and measured ones, are not fitted together.",
            "agentrag fit runs/ --output model.json",
            "agentrag fit runs/ --output model.json --report report.md --budgets 4k,16k,64k",
            "agentrag fit a.jsonl b.jsonl --pooling per-strategy --json")
        {
            Runs, Target, Report, Variant, Pooling, Strategies, Budgets, Flags.Json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var options = new FitOptions
        {
            Variant = parsed.GetValue(Variant) is { } variant ? ListText.OneOf<FitVariant>("--variant", variant) : FitVariant.Sigmoid,
            Pooling = parsed.GetValue(Pooling) is { } pooling ? ListText.OneOf<StrategyPooling>("--pooling", pooling) : null,
            Strategies = parsed.GetValue(Strategies) is { } strategies ? ListText.Names("--strategies", strategies) : null,
        }.Validated();
        var budgets = parsed.GetValue(Budgets) is { } list ? ListText.Tokens("--budgets", list) : Generalisation.PaperBudgets;
        var observations = await ObservationFile.LoadAsync(parsed.GetRequiredValue(Runs), cancellationToken);
        var fitted = ModelFitter.Fit(observations, options);
        if (parsed.GetValue(Target) is { } file)
        {
            await AllocationModelFile.SaveAsync(file, fitted.Model, cancellationToken);
        }

        if (parsed.GetValue(Report) is { } report)
        {
            var text = new FitReportText(fitted, [Generalisation.LeaveOneDomainOut(observations, fitted.Model, budgets[^1]), Generalisation.LengthExtrapolation(observations, fitted.Model, budgets)]);
            await WholeFile.WriteAsync(
                report, report.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? $"{Json.Line(text.ToJson())}\n" : text.ToMarkdown(), "report", cancellationToken);
        }

        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new FitReportText(fitted, []).ToJson());
            return ExitCode.Success;
        }

        FitReportText.WriteTo(terminal, fitted);
        var probes = ProbeGrid.Missing(observations.Where(observation => fitted.Model.Strategies.Any(strategy => strategy.Strategy == observation.Strategy)));
        foreach (var probe in probes)
        {
            terminal.WriteLine($"To be run still: {probe.Strategy} on {probe.DataSet} with {probe.Parameters}");
        }

        if (parsed.GetValue(Target) is { } written)
        {
            terminal.WriteLine($"Wrote {written}. Next: agentrag allocate --budget 32k --allocation-model {written} --explain");
        }

        return ExitCode.Success;
    }
}
