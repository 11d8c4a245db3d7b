using System.CommandLine;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Indexing;
using AgentRag.Mcp;
using AgentRag.Plugin;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag mcp</c>: serves the tools over standard input and output.</summary>
internal static class McpCommand
{
    private static readonly Argument<string[]> Roots = new("ROOT")
    {
        Description = "Folders and files to index first, as 'agentrag index' does; AGENTRAG_ROOTS when none is given.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "mcp",
            "Serve retrieval and answering as tools over MCP, on stdin and stdout.",
            "Tools: retrieve, decompose, answer_with_demonstrations, answer, allocate_budget. The index is opened, and ROOTs are indexed, when the first tool is called; " +
            "an index that another run brings up to date meanwhile is opened again. " +
            "A client starts the server in a folder of its own choice, so give it absolute paths.",
            "agentrag mcp --index /path/to/index",
            "agentrag mcp docs --model openai:qwen3:8b --base-url http://127.0.0.1:11434/v1",
            "claude mcp add agentrag -- agentrag mcp /path/to/docs --index /path/to/index")
        {
            Roots,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, .. SettingKeys.OfBudget, .. SettingKeys.OfModel, .. SettingKeys.OfRetrieval, SettingKeys.Demonstrations, SettingKeys.AllocationModel]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed);
        var roots = parsed.GetValue(Roots) is { Length: > 0 } given ? given : settings.Roots.Value;
        var hasIndexed = roots.Count == 0;
        using var composition = new Composition(settings, terminal.Warnings);
        using var plugin = new AgentRagPlugin(async opening =>
        {
            if (!hasIndexed)
            {
                var result = await new Indexer(composition.Counter).RunAsync(
                    new IndexRequest { Paths = roots, IndexDirectory = settings.Index.Value, WithLinks = true }, progress: null, opening);
                hasIndexed = true;
                terminal.WriteError($"agentrag: {Plural.Of(result.Documents, "document")}, {Plural.Of(result.Passages, "passage")} in '{settings.Index.Value}'");
            }

            return await composition.PluginAsync(opening);
        });
        await McpStdioServer.RunAsync(plugin, cancellationToken);
        return ExitCode.Success;
    }
}
