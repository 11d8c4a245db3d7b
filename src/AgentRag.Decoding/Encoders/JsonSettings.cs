using System.Text.Json;

namespace AgentRag.Decoding.Encoders;

/// <summary>One JSON object of a model's folder, whose faults name the file.</summary>
/// <param name="path">The file.</param>
/// <param name="json">The object.</param>
internal sealed class JsonSettings(string path, JsonElement json)
{
    /// <summary>Ids of tokens are below it: tables of a vocabulary are as long as its largest id says.</summary>
    public const int IdLimit = 1 << 24;

    public string Path => path;

    /// <summary>Reads a file.</summary>
    /// <exception cref="AgentRagException">It cannot be read, or is no JSON object.</exception>
    public static JsonSettings Open(string path) => Root(path) is { ValueKind: JsonValueKind.Object } root
        ? new JsonSettings(path, root)
        : throw new AgentRagException($"{path}: a JSON object is expected. Download the model again.");

    /// <summary>Reads a file that need not be there.</summary>
    public static JsonSettings? OpenIfAny(string path) => File.Exists(path) ? Open(path) : null;

    /// <summary>Reads a file that holds a list of objects.</summary>
    public static IReadOnlyList<JsonSettings> OpenList(string path) => Root(path) is { ValueKind: JsonValueKind.Array } root
        ? [.. root.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Object ? new JsonSettings(path, item) : throw Expected(path, "the list", "objects"))]
        : throw new AgentRagException($"{path}: a JSON list is expected. Download the model again.");

    public bool Has(string name) => Find(name) is not null;

    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Expected(path, $"'{name}'", "a text");

    public int? Integer(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Expected(path, $"'{name}'", "a whole number of 32 bits");

    public double? Number(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : throw Expected(path, $"'{name}'", "a number");

    public bool? Flag(string name) => Find(name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Expected(path, $"'{name}'", "true or false");

    public JsonSettings? Object(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new JsonSettings(path, value) : throw Expected(path, $"'{name}'", "an object");

    public IReadOnlyList<JsonElement>? List(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Expected(path, $"'{name}'", "a list");

    /// <summary>The objects of a list.</summary>
    public IReadOnlyList<JsonSettings>? Objects(string name) => List(name) is not { } items ? null
        : [.. items.Select(item => item.ValueKind == JsonValueKind.Object ? new JsonSettings(path, item) : throw Expected(path, $"'{name}'", "a list of objects"))];

    /// <summary>The object's fields, each a whole number ≥ 0.</summary>
    public Dictionary<string, int> Ids()
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (var field in json.EnumerateObject())
        {
            ids[field.Name] = field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out var id) && id is >= 0 and < IdLimit
                ? id
                : throw Expected(path, $"the id of the token '{field.Name}'", "a whole number from 0 to 16,777,215");
        }

        return ids.Count > 0 ? ids : throw new AgentRagException($"{path}: its vocabulary is empty. Download the model again.");
    }

    public AgentRagException NotSupported(string what) => new($"{path}: {what}");

    private static AgentRagException Expected(string path, string what, string expected) => new($"{path}: {what} must be {expected}. Download the model again.");

    private static JsonElement Root(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 32 });
            RequireTexts(document.RootElement);
            return document.RootElement.Clone();
        }
        catch (InvalidOperationException e)
        {
            throw new AgentRagException($"{path}: a text in it is no Unicode. Download the model again.", e);
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}:{e.LineNumber + 1}: this is no JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path} cannot be read: {e.Message}", e);
        }
    }

    // Bytes that are no text, and halves of characters, are found here rather than wherever they are read.
    private static void RequireTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    RequireTexts(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var field in element.EnumerateObject())
                {
                    _ = field.Name;
                    RequireTexts(field.Value);
                }

                break;
        }
    }

    private JsonElement? Find(string name) => json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
