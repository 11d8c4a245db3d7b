using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Demonstrations;
using AgentRag.Prompting;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag demos show</c>: lists a pool, or shows one example as the prompt does.</summary>
internal static class DemosShowCommand
{
    private static readonly Argument<string?> Id = new("id") { Description = "One example of the pool, shown as the model sees it.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "show",
            "List the worked examples of a pool, or show one as the model sees it.",
            "A pool that carries its passages needs no index.",
            "agentrag demos show pool.jsonl",
            "agentrag demos show pool.jsonl world-d02 --k 2",
            "agentrag demos show pool.jsonl --json")
        {
            DemosCommand.Pool, Id, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.K, SettingKeys.DemonstrationK, SettingKeys.Strategy, SettingKeys.Index, .. SettingKeys.OfRetrieval, .. SettingKeys.OfTokens, SettingKeys.Prompts]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed);
        settings.Parameters.Validated();
        var (file, id, json) = (parsed.GetRequiredValue(DemosCommand.Pool), parsed.GetValue(Id), parsed.GetValue(Flags.Json));
        var pool = await DemonstrationFile.LoadAsync(file, cancellationToken);
        if (id is null)
        {
            foreach (var demonstration in pool)
            {
                List(terminal, demonstration, json);
            }

            return ExitCode.Success;
        }

        var wanted = pool.Where(demonstration => demonstration.Id == id).ToList();
        if (wanted.Count == 0)
        {
            throw new AgentRagException($"{file} has no demonstration \"{id}\": 'agentrag demos show {file}' lists them.");
        }

        using var composition = new Composition(settings, terminal.Warnings);
        var isDrag = settings.Strategy.Value == DragAnswerer.Name;
        var store = DemonstrationStore.From(wanted, composition.IndexRetriever, new DemonstrationOptions { K = settings.DemonstrationK.Value });
        var example = (await store.SelectAsync("", 1, settings.K.Value, withSteps: !isDrag, cancellationToken))[0];
        var template = PromptLibrary.Load(settings.Prompts.Value).Get(isDrag ? PromptName.Drag : PromptName.IterDragStep);
        var rendered = new RenderedDemonstrations(template, composition.Counter).Of(example);
        if (json)
        {
            terminal.WriteJson(new { example.Demonstration.Id, rendered.Text, rendered.TokenCount });
            return ExitCode.Success;
        }

        terminal.WriteLine(rendered.Text);
        terminal.WriteLine($"({Plural.Of(rendered.TokenCount, "token")})");
        return ExitCode.Success;
    }

    private static void List(Terminal terminal, Demonstration demonstration, bool json)
    {
        var passages = demonstration.Rankings?.SelectMany(ranking => ranking).Select(passage => passage.Id).Distinct(StringComparer.Ordinal).Count();
        if (json)
        {
            terminal.WriteJson(new
            {
                demonstration.Id,
                demonstration.Question,
                demonstration.Answer,
                demonstration.Steps,
                demonstration.Supporting,
                demonstration.Type,
                demonstration.Source,
                Passages = passages,
                Built = demonstration.Origin,
            });
            return;
        }

        terminal.WriteLine($"{demonstration.Id}  {demonstration.Question}");
        foreach (var step in demonstration.Steps)
        {
            terminal.WriteLine($"  {step.SubQuery} -> {step.IntermediateAnswer}");
        }

        terminal.WriteLine($"  = {demonstration.Answer}  ({(passages is { } count ? Plural.Of(count, "passage") : "passages are retrieved when it is shown")})");
    }
}
