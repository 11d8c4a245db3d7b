using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Authoring;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Demonstrations;
using AgentRag.Prompting;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag demos check</c>: says whether a pool can be used.</summary>
internal static class DemosCheckCommand
{
    private static readonly Option<string?> Against = new("--against")
    {
        HelpName = "FILE",
        Description = "Labelled test questions that the pool must not give away: by question, by nearly the same question, by supporting documents.",
    };

    private static readonly Option<bool> Strict = new("--strict") { Description = "Count what is for a person to judge as errors too." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "check",
            "Check a pool: evidence, duplicates, leakage against a test file, token sizes.",
            "Each finding is a line, then the sizes. Exit code 0 when nothing makes the pool unfit, else 3.",
            "agentrag demos check pool.jsonl",
            "agentrag demos check pool.jsonl --against test.jsonl --k 5",
            "agentrag demos check pool.jsonl --against test.jsonl --strict --json")
        {
            DemosCommand.Pool, Against, Strict, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.K, SettingKeys.DemonstrationK, SettingKeys.Strategy, SettingKeys.Index, .. SettingKeys.OfRetrieval, .. SettingKeys.OfTokens, SettingKeys.Prompts, SettingKeys.Cache]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed);
        settings.Parameters.Validated();
        using var composition = new Composition(settings, terminal.Warnings);
        var pool = await DemonstrationFile.LoadAsync(parsed.GetRequiredValue(DemosCommand.Pool), cancellationToken);
        var store = DemonstrationStore.From(pool, composition.IndexRetriever, new DemonstrationOptions { K = settings.DemonstrationK.Value });
        var against = parsed.GetValue(Against) is { } file ? await QuestionInput.ReadAsync(file, cancellationToken) : [];
        var template = PromptLibrary.Load(settings.Prompts.Value).Get(settings.Strategy.Value == DragAnswerer.Name ? PromptName.Drag : PromptName.IterDragStep);
        var report = await new DemonstrationCheck(template, composition.Counter, composition.Cache).RunAsync(store, settings.K.Value, against, cancellationToken);
        var isStrict = parsed.GetValue(Strict);
        if (parsed.GetValue(Flags.Json))
        {
            foreach (var finding in report.Findings)
            {
                terminal.WriteJson(new { finding.Id, Fault = Json.CamelCase(finding.Fault), IsError = finding.IsError || isStrict, finding.Text });
            }

            terminal.WriteJson(new { report.Demonstrations, report.WithSteps, K = settings.K.Value, report.Tokens, Errors = Errors(), Warnings = report.Findings.Count - Errors() });
        }
        else
        {
            foreach (var finding in report.Findings)
            {
                terminal.WriteLine($"{(finding.IsError || isStrict ? "error" : "look ")}  {finding.Id}: {finding.Text}");
            }

            terminal.WriteLine(
                $"{Plural.Of(report.Demonstrations, "demonstration")}, {report.WithSteps:N0} with steps; tokens of one at k = {settings.K.Value}: " +
                $"{report.Tokens.Min:N0} / {report.Tokens.Median:N0} / {report.Tokens.Max:N0} (least, median, most), {report.Tokens.Total:N0} together");
            terminal.WriteLine(
                $"{Plural.Of(Errors(), "error")}, {report.Findings.Count - Errors():N0} to look at{(against.Count > 0 ? $"; checked against {Plural.Of(against.Count, "test question")}" : "")}");
        }

        return Errors() == 0 ? ExitCode.Success : ExitCode.SomeFailed;

        int Errors() => report.Findings.Count(finding => finding.IsError || isStrict);
    }
}
