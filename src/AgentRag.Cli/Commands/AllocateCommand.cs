using System.CommandLine;
using AgentRag.Allocation;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Retrieval;
using Spectre.Console;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag allocate</c>: says which parameters to buy with a budget.</summary>
internal static class AllocateCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "allocate",
            "Say how to spend a token budget: strategy, passages (k), demonstrations (m), iterations (n).",
            "Uses the published model for Gemini 1.5 Flash with the token sizes of your index, or the paper's when nothing is indexed.",
            "agentrag allocate --budget 32k",
            "agentrag allocate --budget 1M --context-window 1M --json")
        {
            Flags.Json,
        };
        SettingKeys.AddTo(command, [.. SettingKeys.OfBudget, SettingKeys.Index, SettingKeys.Demonstrations, SettingKeys.Prompts]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        // No model is asked, so no key is needed: the sizes are those of the prompts.
        var settings = Settings.Read(parsed) with { Model = new(Models.ModelName.Extractive, Setting<string>.Default) };
        using var composition = new Composition(settings);
        var context = await composition.AnsweringAsync(cancellationToken);
        var index = composition is { HasIndex: true, Index.PassageCount: > 0 } ? composition.Index : null;
        var sizes = await PromptCosts.MeasureAsync(context, index, composition.DemonstrationIndex, composition.Cache, cancellationToken);
        var allocation = BudgetAllocator.Allocate(new AllocationRequest(settings.Bounds, sizes)
        {
            MaxK = Math.Min(index?.PassageCount ?? RetrievalQuery.MaxK, RetrievalQuery.MaxK),
            MaxM = context.Demonstrations.Count,
        });
        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new
            {
                Budget = settings.Budget.Value,
                Recommended = Json(allocation.Recommended),
                Alternatives = Fitting(allocation).Select(Json),
                Sizes = sizes,
                SizesFrom = index is null ? "assumed" : settings.Index.Value,
                Note = Note(allocation, index is not null, settings.Index.Value),
            });
            return ExitCode.Success;
        }

        WriteText(terminal, settings, allocation);
        terminal.WriteLine(
            $"A passage costs {sizes.PassageTokens:N0} tokens, a demonstration {sizes.DemonstrationTokens:N0} and {sizes.DemonstrationPassageTokens:N0} for each " +
            $"of its passages, instructions and question {sizes.InstructionTokens:N0}.");
        terminal.WriteLine(Note(allocation, index is not null, settings.Index.Value));
        return ExitCode.Success;
    }

    private static void WriteText(Terminal terminal, Settings settings, BudgetAllocation allocation)
    {
        var best = allocation.Recommended;
        terminal.WriteLine(
            $"Budget {settings.Budget.Value:N0} tokens: ask with --strategy {best.Strategy} --k {best.Parameters.K} --m {best.Parameters.M} --n {best.Parameters.N} " +
            $"--budget {settings.Budget.Value}");
        var table = new Table().AddColumn("strategy");
        foreach (var column in new[] { "k", "m", "n", "planned tokens", "z" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var (strategy, parameters, tokens, z) in Fitting(allocation))
        {
            table.AddRow(strategy, $"{parameters.K}", $"{parameters.M}", $"{parameters.N}", Scores.Tokens(tokens), $"{z:0.000}");
        }

        terminal.WriteTable(table);
    }

    private static IEnumerable<AllocatedStrategy> Fitting(BudgetAllocation allocation) =>
        new[] { allocation.Drag, allocation.IterDrag }.OfType<AllocatedStrategy>();

    private static object Json(AllocatedStrategy allocated) =>
        new { allocated.Strategy, allocated.Parameters.K, allocated.Parameters.M, allocated.Parameters.N, allocated.PlannedTokens, allocated.PredictedZ };

    private static string Note(BudgetAllocation allocation, bool hasIndex, string index) =>
        $"Ranked with the coefficients of {allocation.CoefficientsSource}, not of your model and documents: a starting point to measure from. z ranks parameters of " +
        $"one strategy and is no accuracy; IterDRAG is recommended from {BudgetAllocator.IterDragFromTokens:N0} tokens on, where it wins in the paper's table 1. " +
        (hasIndex
            ? $"Passage sizes are those of '{index}'."
            : $"Nothing is indexed in '{index}', so passages are taken to cost {new TokenSizes().PassageTokens:N0} tokens, as in the paper.");
}
