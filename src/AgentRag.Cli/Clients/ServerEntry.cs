using System.Text.Json.Nodes;
using AgentRag.Cli.Commands;
using AgentRag.Cli.Configuration;

namespace AgentRag.Cli.Clients;

/// <summary>How a client starts a server over standard input and output, or where one runs already.</summary>
/// <param name="Command">The program; empty when the server has a URL.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Environment">Variables beside those that the client has.</param>
internal sealed record ServerEntry(string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment)
{
    private const string Bearer = "Bearer ";

    /// <summary>The server that runs already; null when the client starts it.</summary>
    public Uri? Url { get; private init; }

    /// <summary>The variable that holds the bearer token for <see cref="Url"/>; null when it asks for none.</summary>
    public string? TokenVariable { get; private init; }

    /// <summary>What messages call the server: a query of its URL, which may hold a secret, is left out.</summary>
    public string Name => Url is null ? Command : SettingText.WithoutSecrets(Url.OriginalString);

    /// <summary>The entry of this very program, with absolute paths: a client starts servers in a folder of its own choice.</summary>
    /// <param name="arguments">The arguments, without the program's own.</param>
    public static ServerEntry OfThisProgram(IReadOnlyList<string> arguments)
    {
        var process = System.Environment.ProcessPath ?? "agentrag";
        return new ServerEntry(
            process,
            // Started as 'dotnet AgentRag.Cli.dll', the process is not the program.
            Path.GetFileNameWithoutExtension(process) == "dotnet" ? [Path.Combine(AppContext.BaseDirectory, "AgentRag.Cli.dll"), .. arguments] : arguments,
            new Dictionary<string, string>());
    }

    /// <summary>The entry of a server that runs already.</summary>
    /// <param name="url">Where.</param>
    /// <param name="tokenVariable">The variable that holds its bearer token; null when it asks for none.</param>
    public static ServerEntry At(Uri url, string? tokenVariable) => new("", [], new Dictionary<string, string>()) { Url = url, TokenVariable = tokenVariable };

    /// <summary>The entry of a server that runs already, as a client's file has it.</summary>
    /// <param name="url">Where.</param>
    /// <param name="tokenVariable">The variable whose value is to be sent there; null for none.</param>
    /// <param name="source">The file.</param>
    /// <exception cref="AgentRagException">
    /// It is no web address, holds a user name, or a variable is named that <c>init</c> never enters: a file that others wrote must not choose what is sent out of the environment.
    /// </exception>
    public static ServerEntry At(string? url, string? tokenVariable, string source)
    {
        if (SettingText.TryWebAddress(url ?? "") is not { UserInfo.Length: 0 } address)
        {
            throw new AgentRagException(
                $"{source}: the url of '{ClientFile.EntryName}' is '{SettingText.WithoutSecrets(url ?? "")}', must be a web address (http or https) without a user name or password: write the entry anew with 'agentrag init'.");
        }

        return tokenVariable is null or McpCommand.TokenVariable
            ? At(address, tokenVariable)
            : throw new AgentRagException(
                $"{source}: the token of '{ClientFile.EntryName}' is to come from {Shown(tokenVariable)}, must come from {McpCommand.TokenVariable}, as no other variable is sent: write the entry anew with 'agentrag init'.");
    }

    /// <summary>The entry as JSON.</summary>
    /// <param name="client">Whose file it is for.</param>
    public JsonObject ToJson(McpClientKind client)
    {
        var json = new JsonObject();
        if (Url is not null)
        {
            json["type"] = "http";
            json["url"] = Url.OriginalString;
            if (TokenVariable is not null)
            {
                json["headers"] = new JsonObject { ["Authorization"] = $"{Bearer}{client.VariableStart}{TokenVariable}}}" };
            }

            return json;
        }

        if (client.WantsType)
        {
            json["type"] = "stdio";
        }

        json["command"] = Command;
        json["args"] = new JsonArray([.. Arguments.Select(argument => JsonValue.Create(argument))]);
        if (Environment.Count > 0)
        {
            json["env"] = new JsonObject(Environment.Select(variable => KeyValuePair.Create<string, JsonNode?>(variable.Key, variable.Value)));
        }

        return json;
    }

    /// <summary>Reads an entry.</summary>
    /// <exception cref="AgentRagException">It does not say what to start, or <see cref="At(string, string, string)"/> refuses it.</exception>
    public static ServerEntry From(JsonNode? json, string source)
    {
        try
        {
            return json is JsonObject { } remote && remote["url"] is JsonValue url
                ? At(
                    url.GetValue<string>(),
                    remote["headers"]?["Authorization"]?.GetValue<string>() is { } header ? NameOf(header) : null,
                    source)
                : json is JsonObject entry && entry["command"] is JsonValue command
                ? new ServerEntry(
                    command.GetValue<string>(),
                    entry["args"] is JsonArray arguments ? [.. arguments.Select(argument => argument!.GetValue<string>())] : [],
                    entry["env"] is JsonObject environment ? environment.ToDictionary(variable => variable.Key, variable => variable.Value!.GetValue<string>()) : new Dictionary<string, string>())
                : throw new AgentRagException($"{source}: the entry has no \"command\": write it anew with 'agentrag init'.");
        }
        catch (Exception e) when (e is InvalidOperationException or NullReferenceException)
        {
            throw new AgentRagException($"{source}: command, args, env and url must be texts: write the entry anew with 'agentrag init'.", e);
        }
    }

    // Bearer ${NAME} or Bearer ${env:NAME}; empty for anything else.
    private static string NameOf(string header) => McpClientKind.All.Select(client => client.VariableStart).OfType<string>().OrderByDescending(start => start.Length)
        .Where(start => header.StartsWith(Bearer + start, StringComparison.Ordinal) && header.EndsWith('}'))
        .Select(start => header[(Bearer.Length + start.Length)..^1]).FirstOrDefault("");

    // What stands where a name should may be the token itself.
    private static string Shown(string variable) => variable.Length > 0 && variable.All(letter => char.IsAsciiLetterUpper(letter) || char.IsAsciiDigit(letter) || letter == '_') ? $"the variable {variable}" : "something else";
}
