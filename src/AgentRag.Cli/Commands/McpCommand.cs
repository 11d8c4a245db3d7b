using System.CommandLine;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Http;
using AgentRag.Indexing;
using AgentRag.Mcp;
using AgentRag.Plugin;
using AgentRag.Tokens;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag mcp</c>: serves the tools over standard input and output, or over HTTP.</summary>
internal static class McpCommand
{
    /// <summary>The variable that holds the token of the HTTP face.</summary>
    public const string TokenVariable = "AGENTRAG_HTTP_TOKEN";

    private static readonly Argument<string[]> Roots = new("ROOT")
    {
        Description = "Folders and files to index first, as 'agentrag index' does; AGENTRAG_ROOTS when none is given.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>Whose model answers; <c>agentrag init</c> takes it too.</summary>
    public static readonly Option<string?> Answering = new("--answering")
    {
        HelpName = "WHOSE",
        Description = "Whose model answers: host (the one that calls the tools; default when no model is configured), chat (the configured model) or sampling (the client's, asked by the server; known to few clients).",
    };

    private static readonly Option<string?> Http = new("--http")
    {
        HelpName = "ADDRESS",
        Description = "Serve over HTTP instead, such as 127.0.0.1:8080: MCP at /mcp, REST at /v1/tools/NAME, its description at /openapi.json.",
    };

    private static readonly Option<string?> TokenFile = new("--token-file")
    {
        HelpName = "FILE",
        Description = $"File with the bearer token that HTTP clients must send. Default: {TokenVariable}; needed beyond 127.0.0.1.",
    };

    private static readonly Option<string[]> AllowHost = new("--allow-host") { HelpName = "NAME", Description = "Host name under which HTTP clients may call; may be given several times." };

    private static readonly Option<string[]> AllowOrigin = new("--allow-origin") { HelpName = "ORIGIN", Description = "Origin of web pages that may call over HTTP, such as https://notes.example.com." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "mcp",
            "Serve retrieval and answering as tools over MCP, on stdin and stdout or over HTTP.",
            "Tools: retrieve, decompose, answer_with_demonstrations, answer, allocate_budget, list_sources, read_passage, index_documents. The index is opened, and " +
            "ROOTs are indexed, when the first tool is called; an index that another run brings up to date meanwhile is opened again. " +
            "A client starts the server in a folder of its own choice, so give it absolute paths.",
            "agentrag mcp --index /path/to/index",
            "agentrag mcp docs --model openai:qwen3:8b --base-url http://127.0.0.1:11434/v1",
            "agentrag mcp --index /path/to/index --http 127.0.0.1:8080",
            "claude mcp add agentrag -- agentrag mcp /path/to/docs --index /path/to/index")
        {
            Roots, Answering, Http, TokenFile, AllowHost, AllowOrigin,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, .. SettingKeys.OfServing]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed);
        var roots = parsed.GetValue(Roots) is { Length: > 0 } given ? given : settings.Roots.Value;
        // Checked first, and apart: without --http nothing of the web server is even loaded.
        Func<AgentRagPlugin, Task> serve = parsed.GetValue(Http) is { } address ? OverHttp(terminal, parsed, address, cancellationToken) : plugin => McpStdioServer.RunAsync(plugin, cancellationToken);
        using var composition = new Composition(settings, terminal.Warnings);
        await using var indexing = new IndexJob((progress, ending) => IndexAsync(terminal, composition.Counter, settings.Index.Value, roots, progress, ending))
        {
            Afterwards = new ServedVectors(terminal, settings, composition).UpdateAsync,
            // Words suffice to begin with, unless a retriever was asked for that needs vectors.
            WaitsForAfterwards = settings.Retriever.Value is RetrieverName.Dense or RetrieverName.Hybrid,
        };
        var mode = Mode(parsed.GetValue(Answering), settings);
        using var plugin = new AgentRagPlugin(async opening =>
        {
            if (roots.Count > 0)
            {
                await indexing.EnsureAsync(opening);
            }

            return await composition.PluginAsync(opening) with { Mode = mode };
        })
        {
            Indexing = indexing,
            StateKey = new(() => StateKeyFile.LoadOrCreate(StateKeyFile.DefaultPath, warning => terminal.WriteError($"agentrag: {warning}"))),
        };
        await serve(plugin);
        return ExitCode.Success;
    }

    /// <summary>Reads whose model answers.</summary>
    /// <exception cref="AgentRagException">There is no such mode.</exception>
    public static AnsweringMode Mode(string? text, Settings settings) => text?.Trim().ToLowerInvariant() switch
    {
        null => settings.Model.IsDefault ? AnsweringMode.Host : AnsweringMode.Chat,
        "host" => AnsweringMode.Host,
        "chat" => AnsweringMode.Chat,
        "sampling" => AnsweringMode.Sampling,
        _ => throw new AgentRagException($"--answering is '{text}', must be host, chat or sampling."),
    };

    // What is indexed was named by whoever started the server; without names, what the index holds already is brought up to date.
    private static async Task<IndexResult> IndexAsync(
        Terminal terminal, ITokenCounter counter, string directory, IReadOnlyList<string> roots, IProgress<IndexProgress> progress, CancellationToken cancellationToken)
    {
        var result = await new Indexer(counter).RunAsync(new IndexRequest { Paths = roots, IndexDirectory = directory, WithLinks = true }, progress, cancellationToken);
        terminal.WriteError($"agentrag: {Plural.Of(result.Documents, "document")}, {Plural.Of(result.Passages, "passage")} in '{directory}'");
        return result;
    }

    private static Func<AgentRagPlugin, Task> OverHttp(Terminal terminal, ParseResult parsed, string text, CancellationToken cancellationToken)
    {
        var (address, port) = HttpFaceOptions.ParseAddress(text);
        var options = new HttpFaceOptions
        {
            Address = address,
            Port = port,
            Token = Token(parsed.GetValue(TokenFile)),
            AllowedHosts = parsed.GetValue(AllowHost) ?? [],
            AllowedOrigins = parsed.GetValue(AllowOrigin) ?? [],
        }.Validated();
        return plugin => HttpFace.RunAsync(plugin, options, url => terminal.WriteError($"agentrag: serving MCP at {url}mcp and REST at {url}v1/tools; Ctrl-C ends it"), cancellationToken);
    }

    private static string? Token(string? file)
    {
        if (file is null)
        {
            return Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token ? token.Trim() : null;
        }

        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"The token file '{file}' cannot be read: {e.Message}", e);
        }
    }
}
