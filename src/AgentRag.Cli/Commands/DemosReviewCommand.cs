using System.CommandLine;
using AgentRag.Authoring;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Demonstrations;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag demos review</c>: writes a pool as a file to edit.</summary>
internal static class DemosReviewCommand
{
    public static readonly Option<string?> Output = new("--output") { HelpName = "FILE", Description = "The file that is written." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "review",
            "Write a pool as a YAML file that a person edits.",
            "Set keep to false to drop an example, edit questions, answers and steps; then take the edits over with 'demos apply'.",
            "agentrag demos review pool.jsonl --output review.yaml",
            "agentrag demos apply review.yaml --pool pool.jsonl --output reviewed.jsonl")
        {
            DemosCommand.Pool, Output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var pool = await DemonstrationFile.LoadAsync(parsed.GetRequiredValue(DemosCommand.Pool), cancellationToken);
            var output = parsed.GetValue(Output) ?? throw new AgentRagException("Give the file to write with --output FILE.");
            await WriteAsync(output, pool, cancellationToken);
            terminal.WriteLine($"{Plural.Of(pool.Count, "demonstration")} to review in '{output}'");
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Writes the review file of a pool, whole or not at all.</summary>
    public static async Task WriteAsync(string file, IReadOnlyList<Demonstration> pool, CancellationToken cancellationToken)
    {
        try
        {
            await File.WriteAllTextAsync($"{file}.unfinished", DemonstrationReview.Write(pool), cancellationToken);
            File.Move($"{file}.unfinished", file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{file}: the review cannot be written: {e.Message}", e);
        }
    }
}

/// <summary><c>agentrag demos apply</c>: takes a person's edits over into a pool.</summary>
internal static class DemosApplyCommand
{
    private static readonly Argument<string> Review = new("REVIEW") { Description = "The edited review file." };

    private static readonly Option<string?> PoolFile = new("--pool") { HelpName = "FILE", Description = "The pool that the review was written for." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "apply",
            "Take the edits of a review file over into a pool.",
            "Passages are kept; for a question or sub-query that was edited they are retrieved anew, which needs the index.",
            "agentrag demos apply review.yaml --pool pool.jsonl --output reviewed.jsonl")
        {
            Review, PoolFile, DemosReviewCommand.Output,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, .. SettingKeys.OfRetrieval, .. SettingKeys.OfTokens]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var file = parsed.GetRequiredValue(Review);
        var poolFile = parsed.GetValue(PoolFile) ?? throw new AgentRagException("Give the pool that the review was written for with --pool FILE.");
        var output = parsed.GetValue(DemosReviewCommand.Output) ?? throw new AgentRagException("Give the pool to write with --output FILE.");
        var pool = await DemonstrationFile.LoadAsync(poolFile, cancellationToken);
        using var composition = new Composition(Settings.Read(parsed), terminal.Warnings);
        var kept = await DemonstrationReview.ApplyAsync(pool, await ReadAsync(file, cancellationToken), file, composition.IndexRetriever, cancellationToken);
        await DemonstrationFile.SaveAsync(output, kept, cancellationToken);
        var before = pool.ToDictionary(demonstration => demonstration.Id, StringComparer.Ordinal);
        terminal.WriteLine(
            $"{Plural.Of(kept.Count, "demonstration")} in '{output}': {pool.Count - kept.Count:N0} dropped, " +
            $"{kept.Count(demonstration => !ReferenceEquals(before[demonstration.Id], demonstration)):N0} edited");
        return ExitCode.Success;
    }

    private static async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{file}: the review cannot be read: {e.Message}", e);
        }
    }
}
