using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag decompose</c>: splits a question into sub-queries.</summary>
internal static class DecomposeCommand
{
    private static readonly Argument<string> Question = new("question") { Description = "The question, in quotation marks." };

    private static readonly Option<int?> Limit = Flags.Number<int>("--limit", "N", "At most N sub-queries (default: 5).");

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "decompose",
            "Split a question that needs several facts into simpler ones.",
            "The question is not answered. In a sub-query #1 stands for the first one's answer.",
            "agentrag decompose \"Who founded the yard that built the ship of the first survey?\"",
            "agentrag decompose \"...\" --limit 3 --json")
        {
            Question, Limit, Flags.Json,
        };
        SettingKeys.AddTo(command, [.. SettingKeys.OfModel, .. SettingKeys.OfBudget]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var (question, limit) = (parsed.GetRequiredValue(Question), parsed.GetValue(Limit) ?? 5);
        if (limit is < 1 or > 32)
        {
            throw new AgentRagException($"--limit is {limit}, must be in [1, 32].");
        }

        var settings = Settings.Read(parsed);
        using var composition = new Composition(settings);
        var context = await composition.AnsweringAsync(cancellationToken);
        var subQueries = await new Decomposer(context).DecomposeAsync(question, limit, composition.Bounds, cancellationToken);
        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new { Question = question, SubQueries = subQueries, Model = context.ModelName });
            return ExitCode.Success;
        }

        foreach (var (number, subQuery) in subQueries.Index())
        {
            terminal.WriteLine($"{number + 1}. {subQuery}");
        }

        return ExitCode.Success;
    }
}
