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

    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Write without asking." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "init",
            "Enter the server in the configuration of Claude Code, Claude Desktop, VS Code, Cursor or Codex.",
            "Shows the entry and its file first, and asks; without a terminal it writes only with --yes. Other entries stay as they are, and the file as it was stays beside it (.bak). "
            + "All paths are written in full. A key is never written: the client must have its variable. 'agentrag doctor --client CLIENT' then starts the server as the client would.",
            "agentrag init docs --client claude-code",
            "agentrag init /path/to/docs --client vscode --index /path/to/index --yes",
            "agentrag init docs --client codex --model openai:qwen3:8b --base-url http://127.0.0.1:11434/v1")
        {
            Roots, Client, File, ForUser, Yes, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, SettingKeys.Model, SettingKeys.BaseUrl]);
        command.SetAction(parsed => Run(terminal, parsed));
        return command;
    }

    private static int Run(Terminal terminal, ParseResult parsed)
    {
        var settings = Settings.Read(parsed);
        var client = McpClientKind.Parse(parsed.GetValue(Client));
        var entry = ServerEntry.OfThisProgram(Arguments(settings, parsed.GetValue(Roots) ?? []));
        var file = new ClientFile(client, client.File(parsed.GetValue(File), parsed.GetValue(ForUser)));
        var isJson = parsed.GetValue(Flags.Json);
        if (!isJson)
        {
            terminal.WriteLine($"{client.Title}: {file.Path}");
            terminal.WriteLine(file.Show(entry).TrimEnd());
        }

        var text = file.With(entry);
        var isWritten = parsed.GetValue(Yes) || (!isJson && Agrees(terminal, file.Path));
        if (isWritten)
        {
            file.Write(text);
        }

        if (isJson)
        {
            terminal.WriteJson(new { Client = client.Name, File = file.Path, entry.Command, Args = entry.Arguments, Written = isWritten });
        }
        else
        {
            terminal.WriteError(isWritten
                ? $"agentrag: written; '{After(client, parsed)}' checks it, and {client.Title} has to be started anew."
                : "agentrag: nothing was written; add --yes to write it.");
        }

        if (isWritten && settings.ApiKey is { } key)
        {
            terminal.WriteError($"agentrag: the key is not in the file: {client.Title} must be started with {key.Variable} set.");
        }

        return ExitCode.Success;
    }

    private static List<string> Arguments(Settings settings, string[] roots)
    {
        var all = roots.Length > 0 ? roots : settings.Roots.Value;
        if (all.FirstOrDefault(root => !Directory.Exists(root) && !System.IO.File.Exists(root)) is { } missing)
        {
            throw new AgentRagException($"There is no folder or file '{missing}' to index.");
        }

        if (all.Count == 0 && !Composition.IsIndex(settings.Index.Value))
        {
            throw new AgentRagException($"There is nothing to serve: name folders to index, 'agentrag init FOLDER --client CLIENT', or an index with --index ('{settings.Index.Value}' is none).");
        }

        List<string> arguments = ["mcp", .. all.Select(Path.GetFullPath), "--index", Path.GetFullPath(settings.Index.Value)];
        Add(SettingKeys.Model, settings.Model.IsDefault ? null : $"{settings.Model.Value}");
        Add(SettingKeys.BaseUrl, settings.BaseUrl.Value);
        return arguments;

        void Add(SettingKey key, string? value) => arguments.AddRange(value is null ? [] : [key.Option.Name, value]);
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
