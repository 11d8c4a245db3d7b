using System.CommandLine;
using AgentRag.Cli.Clients;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag init</c>: enters the server in a client's configuration, after showing what it would write.</summary>
internal static class InitCommand
{
    /// <summary>The client; <c>agentrag doctor</c> takes it too.</summary>
    public static readonly Option<string?> Client = new("--client")
    {
        HelpName = "CLIENT",
        Description = $"Which client: {string.Join(", ", McpClientKind.All.Select(client => client.Name))}.",
    };

    /// <summary>The client's file; <c>agentrag doctor</c> takes it too.</summary>
    public static readonly Option<string?> File = new("--file") { HelpName = "FILE", Description = "The client's configuration file, where it is not the usual one." };

    /// <summary>Whether the user's file is meant; <c>agentrag doctor</c> takes it too.</summary>
    public static readonly Option<bool> ForUser = new("--user") { Description = "The client's file of this user rather than the one of this folder, where it has both (cursor)." };

    private static readonly Argument<string[]> Roots = new("ROOT") { Description = "Folders and files that the server indexes when its first tool is called.", Arity = ArgumentArity.ZeroOrMore };

    private static readonly Option<string?> Http = new("--http")
    {
        HelpName = "ADDRESS",
        Description = $"Enter a server that runs already, as 'agentrag mcp --http ADDRESS' started it: 127.0.0.1:8080, or its URL. Where {McpCommand.TokenVariable} is set, the entry names that variable.",
    };

    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Show the entry and what it does to the file, and write nothing." };

    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Write without asking." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "init",
            "Enter the server in the configuration of Claude Code, Claude Desktop, VS Code, Cursor or Codex.",
            "Shows the entry and its file first, and asks; without a terminal it writes only with --yes. Other entries stay as they are, and the file as it was stays beside it (.bak). "
            + "All paths are written in full, and the settings in effect here with them, as the client has neither this folder nor these variables. A key is never written: the client must have its variable. 'agentrag doctor --client CLIENT' then starts the server as the client would.",
            "agentrag init docs --client claude-code",
            "agentrag init /path/to/docs --client vscode --index /path/to/index --yes",
            "agentrag init docs --client codex --model openai:qwen3:8b --base-url http://127.0.0.1:11434/v1",
            "agentrag init --client cursor --index /path/to/index --embeddings openai:nomic-embed-text --embeddings-base-url http://127.0.0.1:11434/v1 --dry-run",
            "agentrag init --client claude-code --http 127.0.0.1:8080")
        {
            Roots, Client, File, ForUser, McpCommand.Answering, Http, DryRun, Yes, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, .. SettingKeys.OfServing]);
        command.SetAction(parsed => Run(terminal, parsed));
        return command;
    }

    private static int Run(Terminal terminal, ParseResult parsed)
    {
        var settings = Settings.Read(parsed);
        var client = McpClientKind.Parse(parsed.GetValue(Client));
        var entry = parsed.GetValue(Http) is { } address ? Running(client, address, parsed) : ServerEntry.OfThisProgram(Arguments(settings, parsed));
        var file = new ClientFile(client, client.File(parsed.GetValue(File), parsed.GetValue(ForUser)));
        var isJson = parsed.GetValue(Flags.Json);
        if (!isJson)
        {
            terminal.WriteLine($"{client.Title}: {file.Path}");
            terminal.WriteLine(file.Show(entry).TrimEnd());
            terminal.WriteLine(file.Change());
        }

        var text = file.With(entry);
        var isWritten = !parsed.GetValue(DryRun) && (parsed.GetValue(Yes) || (!isJson && Agrees(terminal, file.Path)));
        if (isWritten)
        {
            file.Write(text);
        }

        if (isJson)
        {
            terminal.WriteJson(new { Client = client.Name, File = file.Path, entry.Command, Args = entry.Arguments, Url = entry.Url?.OriginalString, Written = isWritten });
        }
        else
        {
            terminal.WriteError(isWritten
                ? $"agentrag: written; '{After(client, parsed)}' checks it, and {client.Title} has to be started anew."
                : $"agentrag: nothing was written; {(parsed.GetValue(DryRun) ? "leave out --dry-run" : "add --yes")} to write it.");
        }

        if (isWritten && Secrets(settings, entry) is { Count: > 0 } variables)
        {
            terminal.WriteError($"agentrag: {(entry.Url is null ? "the key" : "the token")} is not in the file: {client.Title} must be started with {string.Join(" and ", variables)} set.");
        }

        return ExitCode.Success;
    }

    private static IReadOnlyList<string> Secrets(Settings settings, ServerEntry entry) => entry.Url is not null
        ? entry.TokenVariable is { } variable ? [variable] : []
        : [.. new[] { settings.ApiKey, DraftKey(settings.Predictions), settings.EmbeddingsKey, settings.RerankKey, settings.QdrantKey }.Where(key => key is not null).Select(key => key!.Variable).Distinct(StringComparer.Ordinal)];

    private static ApiKey? DraftKey(PredictionSettings predictions) => predictions.Mode.Value == PredictedOutputs.Off ? null : predictions.DraftKey;

    private static ServerEntry Running(McpClientKind client, string address, ParseResult parsed)
    {
        if (!client.TakesUrls)
        {
            throw new AgentRagException($"The file of {client.Title} takes only servers that it starts itself: leave out --http, or add the URL in its settings.");
        }

        if (parsed.GetValue(Roots) is { Length: > 0 } || parsed.GetValue(McpCommand.Answering) is not null
            || SettingKeys.OfServing.Append(SettingKeys.Index).Any(key => parsed.GetResult(key.Option) is { Implicit: false }))
        {
            throw new AgentRagException("--http names a server that runs already: give folders and settings to 'agentrag mcp --http' instead.");
        }

        var url = address.Contains("://", StringComparison.Ordinal) ? address.Trim() : $"http://{address.Trim()}/mcp";
        return ServerEntry.At(
            SettingText.TryWebAddress(url) is { } valid && !SettingText.MayHoldSecret(valid) ? valid : throw new AgentRagException($"--http is '{SettingText.WithoutSecrets(address)}', must be an address such as 127.0.0.1:8080, or the URL of a server without a user name, password or query in it."),
            Environment.GetEnvironmentVariable(McpCommand.TokenVariable) is { Length: > 0 } ? McpCommand.TokenVariable : null);
    }

    private static List<string> Arguments(Settings settings, ParseResult parsed)
    {
        var all = parsed.GetValue(Roots) is { Length: > 0 } roots ? roots : settings.Roots.Value;
        if (all.FirstOrDefault(root => !Directory.Exists(root) && !System.IO.File.Exists(root)) is { } missing)
        {
            throw new AgentRagException($"There is no folder or file '{missing}' to index.");
        }

        if (all.Count == 0 && !Composition.IsIndex(settings.Index.Value) && settings.Retriever.Value != RetrieverName.Qdrant)
        {
            throw new AgentRagException($"There is nothing to serve: name folders to index, 'agentrag init FOLDER --client CLIENT', or an index with --index ('{settings.Index.Value}' is none).");
        }

        var answering = parsed.GetValue(McpCommand.Answering);
        McpCommand.Mode(answering, settings);
        return
        [
            "mcp", .. all.Select(Path.GetFullPath), "--index", Path.GetFullPath(settings.Index.Value), .. answering is null ? Array.Empty<string>() : [McpCommand.Answering.Name, answering],
            .. ServerFlags.Of(Settings.SourcesOf(parsed), SettingKeys.OfServing),
        ];
    }

    private static string After(McpClientKind client, ParseResult parsed) => string.Join(
        ' ',
        (string[])["agentrag doctor --client", client.Name, .. parsed.GetValue(File) is { } file ? [$"--file {file}"] : Array.Empty<string>(), .. parsed.GetValue(ForUser) ? ["--user"] : Array.Empty<string>()]);

    private static bool Agrees(Terminal terminal, string path)
    {
        if (Console.IsInputRedirected)
        {
            return false;
        }

        terminal.WriteErrorPart($"Write this to {path}? [y/N] ");
        return Console.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
