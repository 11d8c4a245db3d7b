using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Authoring;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Indexing;
using AgentRag.Retrieval;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag demos build</c>: makes worked examples out of labelled questions.</summary>
internal static class DemosBuildCommand
{
    // A second try is to take another way: more passages, and another draw.
    private const float LaterTemperature = 0.7f;
    private const int DefaultTries = 2;
    private const int ProgressLines = 20;

    private static readonly Option<string?> Output = new("--output") { HelpName = "FILE", Description = "The pool that is written; FILE.work.jsonl beside it is the work log." };

    private static readonly Option<string?> Correct = new("--correct")
    {
        HelpName = "RULE",
        Description = "When an answer counts as right: exact (default: it equals a gold answer after normalisation) or contains (it contains one).",
    };

    private static readonly Option<int?> Tries = Flags.Number<int>(
        "--tries", "N", $"Tries of each question, each with twice the passages of the one before, from the second on at temperature {LaterTemperature}; the shortest trace wins (default: {DefaultTries}).");

    private static readonly Option<int?> Limit = Flags.Number<int>("--limit", "N", "Only the first N questions.");

    private static readonly Option<string?> LimitTokens = new("--limit-tokens") { HelpName = "TOKENS", Description = "Never spend more input tokens than this on the whole build, such as 2M." };

    private static readonly Option<decimal?> LimitCost = Flags.Number<decimal>("--limit-cost", "AMOUNT", "Never spend more money than this on the whole build, in the currency of --prices.");

    private static readonly Option<string?> Review = new("--review") { HelpName = "FILE", Description = "Also write the pool as a YAML file to edit; take the edits over with 'demos apply'." };

    private static readonly Option<bool> Force = new("--force") { Description = "Begin anew when the work log belongs to other settings." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "build",
            "Make worked examples out of labelled questions.",
            "With --strategy iterdrag (default) the loop is run, and traces with steps and a right answer are kept; with drag each question is given its passages, and no " +
            "model is asked. Killed or cancelled, the same command goes on where it was.",
            "agentrag demos build --questions questions.jsonl --output pool.jsonl",
            "agentrag demos build --questions questions.jsonl --output pool.jsonl --limit 50 --limit-tokens 2M --review review.yaml",
            "agentrag demos build --questions questions.jsonl --output pool.jsonl --strategy drag --k 10",
            "agentrag ask \"...\" --demonstrations pool.jsonl")
        {
            Flags.Questions, Output, Correct, Tries, Limit, LimitTokens, LimitCost, Review, Force, Flags.Json,
        };
        SettingKeys.AddTo(command, SettingKeys.OfAnswering);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var questionsFile = parsed.GetValue(Flags.Questions) ?? throw new AgentRagException("Give the labelled questions with --questions FILE.");
        var output = parsed.GetValue(Output) ?? throw new AgentRagException("Give the pool to write with --output FILE.");
        var settings = Settings.Read(parsed);
        using var composition = new Composition(settings, terminal.Warnings);
        var options = Options(parsed, settings, composition.Bounds);
        var questions = await QuestionInput.ReadAsync(questionsFile, cancellationToken);
        var builder = new DemonstrationBuilder(await composition.AnsweringAsync(cancellationToken), options);
        var lines = new ProgressText(terminal);
        DemonstrationBuildResult result;
        try
        {
            result = await terminal.WithProgressAsync("Building", report => builder.RunAsync(
                questions,
                output,
                new SynchronousProgress<DemonstrationBuildProgress>(progress =>
                {
                    report(progress.Done, progress.Yield.Questions, ProgressText.Of(progress));
                    lines.Write(progress);
                }),
                cancellationToken));
        }
        catch (OperationCanceledException)
        {
            terminal.WriteError($"Cancelled. What is finished is kept in '{DemonstrationBuilder.LogPathOf(output)}': the same command goes on from there.");
            throw;
        }

        if (parsed.GetValue(Review) is { } review)
        {
            await DemosReviewCommand.WriteAsync(review, result.Pool, cancellationToken);
        }

        Write(terminal, result, output, parsed.GetValue(Flags.Json));
        CacheText.Write(terminal, composition.Cache);
        return ExitCode.Success;
    }

    private static DemonstrationBuildOptions Options(ParseResult parsed, Settings settings, TokenBudgetOptions bounds)
    {
        var tries = parsed.GetValue(Tries) ?? DefaultTries;
        return tries is < 1 or > 16 ? throw new AgentRagException($"--tries is {tries}, must be in [1, 16].") : new DemonstrationBuildOptions
        {
            Strategy = settings.Strategy.Value,
            Correct = parsed.GetValue(Correct) switch
            {
                null or "exact" => CorrectAnswer.ExactMatch,
                "contains" => CorrectAnswer.ContainsGold,
                { } other => throw new AgentRagException($"--correct: there is no rule '{other}': use exact or contains."),
            },
            Tries =
            [
                .. Enumerable.Range(0, tries).Select(i => new BuildTry(
                    settings.Parameters with { K = (int)Math.Min((long)settings.K.Value << i, Math.Max(RetrievalQuery.MaxK, settings.K.Value)) },
                    i == 0 ? null : LaterTemperature,
                    i == 0 ? null : i)),
            ],
            Budget = bounds,
            MaxQuestions = parsed.GetValue(Limit),
            MaxTokens = parsed.GetValue(LimitTokens) is { } tokens ? SettingText.Tokens(tokens) : null,
            MaxCost = parsed.GetValue(LimitCost),
            IndexVersion = IndexVersion.Of(settings.Index.Value),
            Anew = parsed.GetValue(Force),
        };
    }

    private static void Write(Terminal terminal, DemonstrationBuildResult result, string output, bool json)
    {
        var yield = result.Yield;
        if (json)
        {
            terminal.WriteJson(new
            {
                Pool = output,
                yield.Questions,
                yield.Asked,
                yield.Correct,
                yield.WithSteps,
                yield.Kept,
                NotKept = yield.NotKept.ToDictionary(reason => Json.CamelCase(reason.Key), reason => reason.Value),
                yield.Repeated,
                yield.Tries,
                yield.Requests,
                yield.EffectiveContextTokens,
                yield.OutputTokens,
                yield.Cost,
                End = Json.CamelCase(result.End),
            });
            return;
        }

        terminal.WriteLine($"{Plural.Of(yield.Kept, "demonstration")} in '{output}'");
        terminal.WriteLine(yield.Requests == 0 && yield.NotKept.Count == 0
            ? $"Gave passages to {yield.Kept:N0} of {Plural.Of(yield.Questions, "question")}; no model was asked"
            : $"Asked {yield.Asked:N0} of {Plural.Of(yield.Questions, "question")}: {yield.Correct:N0} correct, {yield.WithSteps:N0} of them with steps, {yield.Kept:N0} kept");
        foreach (var (reason, count) in yield.NotKept.OrderByDescending(reason => reason.Value))
        {
            terminal.WriteLine($"  not kept, {Words(reason)}: {count:N0}");
        }

        if (yield.Repeated > 0)
        {
            terminal.WriteLine($"  left out, asks the same as an earlier one: {yield.Repeated:N0}");
        }

        terminal.WriteLine(
            $"Spent: {Plural.Of(yield.EffectiveContextTokens, "input token")}, {Plural.Of(yield.OutputTokens, "output token")}, {Plural.Of(yield.Requests, "request")} in " +
            $"{(yield.Tries == 1 ? "1 try" : $"{yield.Tries:N0} tries")}{(yield.Cost is { } cost ? $", cost {cost:0.####}" : "")}");
        if (result.End != BuildEnd.AllAsked)
        {
            terminal.WriteLine($"Ended at the {(result.End == BuildEnd.TokenLimit ? "token" : "cost")} limit: run again with a higher one to go on.");
        }
    }

    private static string Words(TraceOutcome outcome) => outcome switch
    {
        TraceOutcome.Failed => "the answering failed",
        TraceOutcome.NoPassages => "nothing was retrieved",
        TraceOutcome.WrongAnswer => "wrong answer",
        TraceOutcome.NoSteps => "right, but without any step",
        TraceOutcome.StepNotFound => "right, but a step found nothing",
        _ => "kept",
    };

    /// <summary>How far the build is, in words; as lines where nobody sees a bar.</summary>
    private sealed class ProgressText(Terminal terminal)
    {
        private int _written;

        public static string Of(DemonstrationBuildProgress progress) =>
            $"{progress.Done:N0} of {progress.Yield.Questions:N0}, {progress.Yield.Kept:N0} kept, {Plural.Of(progress.Yield.EffectiveContextTokens, "token")}";

        public void Write(DemonstrationBuildProgress progress)
        {
            var step = progress.Done * ProgressLines / Math.Max(progress.Yield.Questions, 1);
            if (!terminal.IsInteractive && step > _written)
            {
                _written = step;
                terminal.WriteError($"  {Of(progress)}{(progress.Remaining is { } remaining ? $", about {remaining:h\\:mm\\:ss} to go" : "")}");
            }
        }
    }
}
