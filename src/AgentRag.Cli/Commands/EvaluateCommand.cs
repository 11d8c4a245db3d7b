using System.CommandLine;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Evaluation.Runs;
using AgentRag.Models;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag evaluate</c>: measures strategies on labelled questions.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "evaluate",
            "Answer labelled questions and score the answers.",
            "Reads HotpotQA, 2WikiMultiHopQA, MuSiQue, Bamboogle, NQ, TriviaQA and StrategyQA in their own formats, and JSON Lines with id, question, answers and supporting. " +
            "Every strategy is measured with every k, m, n under every budget; auto and escalate choose k, m, n by the question and are measured once per budget. " +
            "iterdrag+sufficiency and iterdrag+drafts are iterdrag with an early stop: beside iterdrag they show what it saves and what it loses. Results are recorded in the run's folder as they come: run the same command again to go on " +
            "after an interruption. Metrics: ExactMatch, F1 and Accuracy with SQuAD normalisation, in percent (in JSON 0 to 1), with 95 % intervals; failed questions count 0 and are shown. " +
            "With --json each answer is a line, and the last line holds the totals.",
            "agentrag evaluate --questions test.jsonl",
            "agentrag evaluate --questions test.jsonl --strategy all --limit 20 --baselines zero-shot,gold",
            "agentrag evaluate --questions test.jsonl --strategy drag,iterdrag --k 1,5,20 --m 0,2 --budget 16k,128k --run runs/first",
            "agentrag evaluate --questions test.jsonl --strategy iterdrag,iterdrag+drafts,iterdrag+sufficiency",
            "agentrag evaluate --questions test.jsonl --model openai:MODEL --parallel 8 --price-input 0.15 --price-output 0.6 --limit-cost 5",
            "agentrag evaluate --replay runs/first --json --output report.jsonl")
        {
            Flags.Questions, Flags.Json,
        };
        foreach (var option in EvaluationArguments.All)
        {
            command.Options.Add(option);
        }

        SettingKeys.AddTo(command, EvaluationArguments.Settings);
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(EvaluationArguments.Replay) is { } run
            ? ReplayAsync(terminal, parsed, run, cancellationToken)
            : RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed).WithCacheByFlagAlone();
        if (settings.CacheReuse.Value == CacheReuse.Semantic && settings.Cache.Value != CacheReuses.Off)
        {
            throw new AgentRagException("'evaluate' measures the answers to its own questions; --cache-reuse semantic would give those of others: use exact or intermediate.");
        }

        var grid = EvaluationArguments.Grid(parsed, settings);
        var judge = JudgeSettings(parsed);
        var options = EvaluationArguments.Options(parsed, settings);
        var file = parsed.GetValue(Flags.Questions) ?? throw new AgentRagException("Give the labelled questions with --questions FILE, or a recorded run with --replay RUN.");
        // What a wrong value would break is found before anything is read.
        (grid with { Baselines = grid.Baselines & ~RunBaselines.GoldPassages }).Configurations();
        settings.Bounds.Validated();
        var dataSet = await QuestionInput.ReadDataSetAsync(file, cancellationToken);
        if (dataSet.LeftOut > 0)
        {
            terminal.WriteError($"note: {Plural.Of(dataSet.LeftOut, "unanswerable question")} left out: their own paragraphs do not hold the answer, but other questions' may.");
        }

        using var composition = new Composition(settings, terminal.Warnings) { CalibratesTokens = false };
        var context = await composition.AnsweringAsync(cancellationToken);
        var bounds = composition.Bounds.Validated();
        // No question is shown its own answer as a demonstration.
        context = context with { Demonstrations = context.Demonstrations.Guarded(dataSet.Questions) };
        var (gold, goldGrid) = Gold(terminal, grid, composition, dataSet);
        var configurations = EvaluationArguments.Configurations(parsed, goldGrid);
        var questions = EvaluationQuestions.Select(dataSet.Questions, parsed.GetValue(EvaluationArguments.Limit), parsed.GetValue(EvaluationArguments.Sample), Seed(parsed));
        var manifest = await RunSetup.ManifestAsync(
            parsed.GetValue(EvaluationArguments.DataSet) ?? dataSet.Name, dataSet, settings, composition, context, Seed(parsed), cancellationToken);
        var directory = parsed.GetValue(EvaluationArguments.Run) ?? RunSetup.DefaultDirectory(manifest);
        using var run = RunWriter.Open(directory, manifest, dataSet.Questions, TimeProvider.System);
        var output = new EvaluationOutput(terminal, parsed.GetValue(Flags.Json), dataSet.Questions);
        var routing = configurations.All(configuration => configuration.KeepsParameters) ? null : await composition.RoutingAsync(context, cancellationToken);
        var end = await new StrategyEvaluation(terminal, context, gold, settings, bounds, options) { Routing = routing }
            .RunAsync(run, questions, configurations, output.Write, writesResults: parsed.GetValue(Flags.Json), cancellationToken);
        await JudgeAsync(terminal, parsed, judge, options, run, cancellationToken);

        var whole = ScoredRun.Of(RunReader.Open(directory));
        WriteObservations(directory, whole);
        var scored = whole.Only(questions.Select(question => question.Id), configurations);
        var recall = questions.Any(question => question.Supporting.Count > 0) && composition.HasIndex
            ? await SupportRecall.MeasureAsync(context.Retriever, questions, cancellationToken)
            : null;
        await output.FinishAsync(scored, end, recall, bounds, Seed(parsed), parsed.GetValue(EvaluationArguments.Output), cancellationToken);
        if (end.IsOverCostLimit)
        {
            terminal.WriteError($"note: stopped at the cost limit, with {end.Records:N0} of {questions.Count * configurations.Count:N0} answers; raise --limit-cost and run again to go on.");
        }

        CacheText.Write(terminal, composition.Cache);
        return end.Failed > 0 || end.IsOverCostLimit ? ExitCode.SomeFailed : ExitCode.Success;
    }

    private static async Task<int> ReplayAsync(Terminal terminal, ParseResult parsed, string directory, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Flags.Questions) is not null)
        {
            throw new AgentRagException("--replay takes the questions of the recorded run: leave --questions out.");
        }

        if (JudgeSettings(parsed) is { } judge)
        {
            var options = EvaluationArguments.Options(parsed, Settings.Read(parsed));
            using var run = RunWriter.Reopen(directory, TimeProvider.System);
            await JudgeAsync(terminal, parsed, judge, options, run, cancellationToken);
        }

        var scored = ScoredRun.Of(RunReader.Open(directory));
        WriteObservations(directory, scored);
        var output = new EvaluationOutput(terminal, parsed.GetValue(Flags.Json), scored.Run.Questions);
        foreach (var record in scored.Run.Records().GroupBy(record => (record.QuestionId, record.Configuration)).Select(same => same.Last()))
        {
            output.Write(record);
        }

        await output.FinishAsync(scored, end: null, recall: null, bounds: null, Seed(parsed), parsed.GetValue(EvaluationArguments.Output), cancellationToken);
        return scored.Configurations.Any(configuration => configuration.Failed > 0) ? ExitCode.SomeFailed : ExitCode.Success;
    }

    private static ulong Seed(ParseResult parsed) => (ulong)(parsed.GetValue(EvaluationArguments.Seed) ?? 1);

    private static (GoldRetriever? Gold, RunGrid Grid) Gold(Terminal terminal, RunGrid grid, Composition composition, DataSet dataSet)
    {
        if (!grid.Baselines.HasFlag(RunBaselines.GoldPassages))
        {
            return (null, grid);
        }

        if (!dataSet.Questions.Any(question => question.Supporting.Count > 0))
        {
            return grid.Baselines == RunBaselines.All
                ? (null, Without("the questions name no supporting documents"))
                : throw new AgentRagException("The gold-passage baseline needs questions that name their supporting documents; these do not.");
        }

        var gold = new GoldRetriever(composition.Index, dataSet.Questions);
        if (gold.MaxPassages == 0)
        {
            return grid.Baselines == RunBaselines.All
                ? (null, Without("none of the supporting documents is in the index"))
                : throw new AgentRagException(
                    $"None of the supporting documents is in the index: 'agentrag index --corpus-from FILE' indexes the paragraphs that a data set's file carries.");
        }

        if (gold.Missing > 0)
        {
            terminal.WriteError($"note: for {gold.Missing:N0} of {gold.Labelled:N0} questions a supporting document is not in the index; the gold-passage baseline lacks it.");
        }

        return (gold, grid with { GoldPassages = gold.MaxPassages });

        RunGrid Without(string reason)
        {
            terminal.WriteError($"note: no gold-passage baseline, as {reason}.");
            return grid with { Baselines = grid.Baselines & ~RunBaselines.GoldPassages };
        }
    }

    /// <summary>The settings of the judge: its key is found, and its server checked, as its own. Read before anything is asked: what is wrong with them must not come out at the end.</summary>
    private static Settings? JudgeSettings(ParseResult parsed)
    {
        if (parsed.GetValue(EvaluationArguments.Judge) is not { } name)
        {
            return null;
        }

        var model = ModelName.Parse(name);
        if (model.Provider == ModelName.ExtractiveProvider)
        {
            throw new AgentRagException("The extractive model cannot judge: name a chat model, such as --judge openai:MODEL.");
        }

        var baseUrl = parsed.GetValue(EvaluationArguments.JudgeBaseUrl) is { } url ? new Setting<string?>(url, EvaluationArguments.JudgeBaseUrl.Name) : null;
        return Settings.Read(parsed, new Setting<ModelName>(model, EvaluationArguments.Judge.Name), baseUrl).WithCacheByFlagAlone();
    }

    private static async Task JudgeAsync(
        Terminal terminal, ParseResult parsed, Settings? settings, EvaluationRunOptions options, RunWriter run, CancellationToken cancellationToken)
    {
        if (settings is null)
        {
            return;
        }

        using var composition = new Composition(settings) { CalibratesTokens = false };
        IChatClient judge = composition.Model;
        var prompt = JudgePrompt.Load(parsed.GetValue(EvaluationArguments.JudgePrompt));
        await terminal.WithProgressAsync("Judging", async report =>
            await new AnswerJudge(judge, prompt, options, TimeProvider.System).JudgeAsync(run, (done, all) => report(done, all, $"{done:N0} of {all:N0}"), cancellationToken));
    }

    private static void WriteObservations(string directory, ScoredRun scored) =>
        OutputFile.Write(Path.Combine(directory, ObservationFile.Name), string.Concat(scored.Observations().Select(observation => $"{ObservationFile.Line(observation)}\n")));
}
