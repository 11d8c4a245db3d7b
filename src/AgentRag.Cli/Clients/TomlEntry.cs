using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentRag.Cli.Clients;

/// <summary>Our table in a TOML file. Lines outside it are never touched, so nothing else of TOML needs to be understood.</summary>
internal static partial class TomlEntry
{
    /// <summary>The table of an entry.</summary>
    public static string Write(ServerEntry entry)
    {
        var toml = new StringBuilder($"[mcp_servers.{ClientFile.EntryName}]\n");
        if (entry.Url is { } url)
        {
            toml.Append("url = ").Append(Quoted(url.OriginalString)).Append('\n');
            return (entry.TokenVariable is null ? toml : toml.Append("bearer_token_env_var = ").Append(Quoted(entry.TokenVariable)).Append('\n')).ToString();
        }

        toml.Append("command = ").Append(Quoted(entry.Command)).Append('\n')
            .Append("args = [").AppendJoin(", ", entry.Arguments.Select(Quoted)).Append("]\n");
        if (entry.Environment.Count > 0)
        {
            toml.Append("env = { ").AppendJoin(", ", entry.Environment.Select(variable => $"{Quoted(variable.Key)} = {Quoted(variable.Value)}")).Append(" }\n");
        }

        return toml.ToString();
    }

    /// <summary>Whether a text has our table.</summary>
    public static bool IsIn(string text) => text.ReplaceLineEndings("\n").Split('\n').Any(line => OurTable().IsMatch(line));

    /// <summary>The text with our table in place of the one it has, or at its end.</summary>
    public static string Replace(string text, ServerEntry entry)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').ToList();
        var start = lines.FindIndex(line => OurTable().IsMatch(line));
        if (start < 0)
        {
            return text.Trim().Length == 0 ? Write(entry) : $"{string.Join('\n', lines)}\n\n{Write(entry)}";
        }

        var end = lines.FindIndex(start + 1, line => AnyTable().IsMatch(line) && !OurTable().IsMatch(line));
        var behind = end < 0 ? [] : lines.Skip(end).ToList();
        return $"{string.Concat(lines.Take(start).Select(line => line + "\n"))}{Write(entry)}{(behind.Count == 0 ? "" : "\n" + string.Join('\n', behind) + "\n")}";
    }

    /// <summary>The entry of a text; null when it has no table of ours.</summary>
    /// <exception cref="AgentRagException">The table is not in the form that <see cref="Write"/> gives it, or names a server or variable that is refused.</exception>
    public static ServerEntry? Read(string text, string source)
    {
        var table = text.ReplaceLineEndings("\n").Split('\n').SkipWhile(line => !OurTable().IsMatch(line)).ToList();
        if (table.Count == 0)
        {
            return null;
        }

        var values = table.Skip(1).TakeWhile(line => !AnyTable().IsMatch(line))
            .Select(line => KeyAndValue().Match(line)).Where(match => match.Success)
            .GroupBy(match => match.Groups["key"].Value, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Groups["value"].Value, StringComparer.Ordinal);
        try
        {
            if (values.TryGetValue("url", out var url))
            {
                return ServerEntry.At(JsonSerializer.Deserialize<string>(url), values.TryGetValue("bearer_token_env_var", out var name) ? JsonSerializer.Deserialize<string>(name) : null, source);
            }

            return new ServerEntry(
                JsonSerializer.Deserialize<string>(values["command"])!,
                values.TryGetValue("args", out var arguments) ? JsonSerializer.Deserialize<string[]>(arguments)! : [],
                values.TryGetValue("env", out var environment)
                    ? JsonSerializer.Deserialize<Dictionary<string, string>>(Assignment().Replace(environment, "\"${name}\":"))!
                    : new Dictionary<string, string>());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            throw new AgentRagException($"{source}: the table of {ClientFile.EntryName} is not in the form that 'agentrag init --client codex' writes: write it anew to have it checked.", e);
        }
    }

    // A basic string of TOML; JSON reads it too.
    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c is '"' or '\\' ? quoted.Append('\\').Append(c)
                : char.IsControl(c) ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}")
                : quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"^\s*\[\s*mcp_servers\s*\.\s*(?:agentrag|""agentrag"")\s*[.\]]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex OurTable();

    [GeneratedRegex(@"^\s*\[[^\[\]]*\]\s*(?:#.*)?$|^\s*\[\[", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex AnyTable();

    [GeneratedRegex(@"^\s*(?<key>[A-Za-z_]+)\s*=\s*(?<value>.+?)\s*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex KeyAndValue();

    [GeneratedRegex(@"(?<=[{,]\s*)""?(?<name>[A-Za-z0-9_-]+)""?\s*=(?=\s*"")", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Assignment();
}
