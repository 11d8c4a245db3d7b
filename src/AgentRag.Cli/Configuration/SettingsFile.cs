using System.Text.Json;

namespace AgentRag.Cli.Configuration;

/// <summary>The file <c>agentrag.json</c>: one object whose keys are settings.</summary>
internal sealed class SettingsFile
{
    public const string DefaultName = "agentrag.json";

    private readonly Dictionary<string, string> _values;

    private SettingsFile(string path, bool isNamed, Dictionary<string, string> values) => (Path, IsNamed, _values) = (path, isNamed, values);

    /// <summary>The file, as the user would name it.</summary>
    public string Path { get; }

    /// <summary>Whether the user named it with <c>--config</c>; false for one that merely lies in the working directory.</summary>
    public bool IsNamed { get; }

    /// <summary>Reads the file that was named, or the one in the working directory if it is there.</summary>
    /// <param name="named">The value of <c>--config</c>, or null.</param>
    /// <param name="keys">The allowed settings.</param>
    /// <exception cref="AgentRagException">The named file is missing, the file is no JSON object, or holds an unknown key.</exception>
    public static SettingsFile? Load(string? named, IReadOnlyList<SettingKey> keys)
    {
        var path = named ?? DefaultName;
        if (named is null && !File.Exists(path))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(
                File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? new SettingsFile(path, named is not null, Values(json.RootElement, path, [.. keys.Select(key => key.Name)]))
                : throw new AgentRagException($"{path}: a JSON object is expected, such as {{\"model\": \"extractive\"}}.");
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}:{e.LineNumber + 1}: this is no JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the settings cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Finds the text of a setting, its paths made to what they mean.</summary>
    public string? Find(SettingKey key) =>
        !_values.TryGetValue(key.Name, out var value) ? null
        : key.FromFolder is { } fromFolder ? fromFolder(System.IO.Path.GetDirectoryName(Path) ?? "", value)
        : value;

    private static Dictionary<string, string> Values(JsonElement json, string path, IReadOnlyList<string> keys)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject())
        {
            if (!keys.Contains(property.Name))
            {
                throw new AgentRagException($"{path}: there is no setting \"{property.Name}\"; the settings are {string.Join(", ", keys)}.");
            }

            values[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString()!,
                JsonValueKind.True => "on",
                JsonValueKind.False => "off",
                JsonValueKind.Number => property.Value.GetRawText(),
                JsonValueKind.Array when property.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                    string.Join(System.IO.Path.PathSeparator, property.Value.EnumerateArray().Select(item => item.GetString())),
                _ => throw new AgentRagException($"{path}: \"{property.Name}\" must be a text, a number, true or false, or a list of texts."),
            };
        }

        return values;
    }
}
