using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Documents;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag evaluate</c>: scores strategies on labelled questions.</summary>
internal static class EvaluateCommand
{
    private const string All = "all";

    private static readonly Option<int?> Limit = Flags.Number<int>("--limit", "N", "Only the first N questions.");

    private static readonly Option<string?> ReportFile = new("--output") { HelpName = "FILE", Description = "Also write the JSON lines to FILE, whole or not at all." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "evaluate",
            "Answer labelled questions and score the answers.",
            "--strategy takes one name, several with commas, or all. Metrics: ExactMatch, F1 and Accuracy with SQuAD normalisation, in percent (in JSON 0 to 1). " +
            "With --json each question is a line, and the last line holds the totals.",
            "agentrag evaluate --questions test.jsonl",
            "agentrag evaluate --questions test.jsonl --strategy all --limit 20",
            "agentrag evaluate --questions test.jsonl --strategy drag,iterdrag --budget 16k --json --output report.jsonl")
        {
            Flags.Questions, Limit, ReportFile, Flags.Json,
        };
        SettingKeys.AddTo(command, SettingKeys.OfAnswering);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed).WithCacheByFlagAlone();
        settings.Parameters.Validated();
        var strategies = Strategies(settings.Strategy.Value);
        var questions = await QuestionsAsync(parsed, cancellationToken);
        using var composition = new Composition(settings, terminal.Warnings);
        var context = await composition.AnsweringAsync(cancellationToken);
        context = context with { Demonstrations = context.Demonstrations.Guarded(questions) };
        var evaluation = new StrategyEvaluation(terminal, context, settings.Parameters, settings.Bounds.Validated());

        var json = parsed.GetValue(Flags.Json);
        List<string> lines = [];
        var reports = await evaluation.RunAsync(strategies, questions, result =>
        {
            lines.Add(Json.Line(EvaluationText.Row(result.Strategy, result.Question)));
            if (json)
            {
                terminal.WriteLine(lines[^1]);
            }
        }, writesResults: json, cancellationToken);

        var recall = questions.Any(question => question.Supporting.Count > 0) && composition.HasIndex
            ? await SupportRecall.MeasureAsync(context.Retriever, questions, cancellationToken)
            : null;
        lines.Add(Json.Line(EvaluationText.Totals(reports, recall, settings.Bounds, context.Prompts)));
        if (parsed.GetValue(ReportFile) is { } file)
        {
            await WriteReportAsync(file, lines, cancellationToken);
        }

        if (json)
        {
            terminal.WriteLine(lines[^1]);
        }
        else
        {
            EvaluationText.WriteTable(terminal, reports, recall);
        }

        CacheText.Write(terminal, composition.Cache);
        return reports.Any(report => report.Failed > 0) ? ExitCode.SomeFailed : ExitCode.Success;
    }

    private static IReadOnlyList<string> Strategies(string text)
    {
        if (text == All)
        {
            return Answerers.Names;
        }

        List<string> names = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
        var problem = names.Count == 0 ? $"'{text}' names no strategy"
            : names.Find(name => !Answerers.Names.Contains(name)) is { } stranger ? $"There is no strategy '{stranger}'"
            : null;
        return problem is null
            ? names
            : throw new AgentRagException($"{problem}: use one of {string.Join(", ", Answerers.Names)}, several with commas, or {All}.");
    }

    private static async Task<IReadOnlyList<LabelledQuestion>> QuestionsAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var file = parsed.GetValue(Flags.Questions) ?? throw new AgentRagException("Give the labelled questions with --questions FILE.");
        var questions = await QuestionInput.ReadAsync(file, cancellationToken);
        return parsed.GetValue(Limit) switch
        {
            null => questions,
            { } limit and >= 1 => [.. questions.Take(limit)],
            { } limit => throw new AgentRagException($"--limit is {limit}, must be at least 1."),
        };
    }

    // Whole or not at all: a run that is cancelled leaves an older report as it was.
    private static async Task WriteReportAsync(string file, IEnumerable<string> lines, CancellationToken cancellationToken)
    {
        var unfinished = $"{file}.unfinished";
        try
        {
            await File.WriteAllTextAsync(unfinished, string.Concat(lines.Select(line => $"{line}\n")), cancellationToken);
            File.Move(unfinished, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{file}: the report cannot be written: {e.Message}", e);
        }
    }
}
