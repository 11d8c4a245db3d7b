using System.Text.Json.Nodes;

namespace AgentRag.Cli.Clients;

/// <summary>How a client starts a server over standard input and output.</summary>
/// <param name="Command">The program.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Environment">Variables beside those that the client has.</param>
internal sealed record ServerEntry(string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment)
{
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

    /// <summary>The entry as JSON.</summary>
    /// <param name="withType">Whether the client wants to be told the transport.</param>
    public JsonObject ToJson(bool withType)
    {
        var json = new JsonObject();
        if (withType)
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
    /// <exception cref="AgentRagException">It does not say what to start.</exception>
    public static ServerEntry From(JsonNode? json, string source)
    {
        try
        {
            return json is JsonObject entry && entry["command"] is JsonValue command
                ? new ServerEntry(
                    command.GetValue<string>(),
                    entry["args"] is JsonArray arguments ? [.. arguments.Select(argument => argument!.GetValue<string>())] : [],
                    entry["env"] is JsonObject environment ? environment.ToDictionary(variable => variable.Key, variable => variable.Value!.GetValue<string>()) : new Dictionary<string, string>())
                : throw new AgentRagException($"{source}: the entry has no \"command\": write it anew with 'agentrag init'.");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new AgentRagException($"{source}: command, args and env must be texts: write the entry anew with 'agentrag init'.", e);
        }
    }
}
