using System.Globalization;
using System.Text.Json;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>Makes the arguments of a call fit a tool's input schema, or says which one does not.</summary>
/// <remarks>
/// Models send null or "" for what they leave out, 5.0 or "5" for 5, and arguments of other tools: all that is taken. The SDK checks no bounds, and answers
/// what it cannot bind without saying which argument it was.
/// </remarks>
internal static class ToolArguments
{
    /// <summary>The longest arguments of one call, names and JSON values together. The longest text a tool takes has 2,000 characters.</summary>
    public const int MaxCharacters = 32_000;

    /// <summary>Returns the arguments that the tool knows, each of its type and in its range.</summary>
    /// <exception cref="AgentRagException">They are too long, or one is missing, of another type or out of range.</exception>
    public static Dictionary<string, JsonElement> Fit(McpServerTool tool, IDictionary<string, JsonElement>? arguments)
    {
        arguments ??= new Dictionary<string, JsonElement>();
        RequireLength(arguments);
        var (schema, example) = (tool.ProtocolTool.InputSchema, tool.Metadata.OfType<ToolExample>().First().Arguments);
        Dictionary<string, JsonElement> fitting = [];
        foreach (var property in schema.GetProperty("properties").EnumerateObject())
        {
            var isText = property.Value.GetProperty("type").ValueEquals("string");
            if (arguments.TryGetValue(property.Name, out var value) && !IsLeftOut(value, isText))
            {
                fitting[property.Name] = (isText ? Text(value) : WholeNumber(value, property.Value))
                    ?? throw new AgentRagException($"'{property.Name}' is {Excerpt(value)}, must be {Expected(property.Value, isText)}. Example: {example}");
            }
        }

        return Missing(schema, fitting) is { } missing
            ? throw new AgentRagException($"'{missing}' is missing{Strangers(tool, schema, arguments)}. Example: {example}")
            : fitting;
    }

    private static void RequireLength(IDictionary<string, JsonElement> arguments)
    {
        var lengths = arguments.ToDictionary(argument => argument.Key, argument => argument.Key.Length + argument.Value.GetRawText().Length);
        if (lengths.Values.Sum() is var length && length > MaxCharacters)
        {
            throw new AgentRagException(
                $"The arguments have {length:N0} characters, at most {MaxCharacters:N0} are taken: shorten '{Cut(lengths.MaxBy(pair => pair.Value).Key)}'.");
        }
    }

    private static bool IsLeftOut(JsonElement value, bool isText) =>
        value.ValueKind is JsonValueKind.Null || (!isText && value.ValueKind is JsonValueKind.String && string.IsNullOrWhiteSpace(value.GetString()));

    private static JsonElement? Text(JsonElement value) => value.ValueKind is JsonValueKind.String ? value : null;

    private static JsonElement? WholeNumber(JsonElement value, JsonElement schema)
    {
        var text = value.ValueKind is JsonValueKind.String ? value.GetString() : value.GetRawText();
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && decimal.IsInteger(number)
            && number >= Bound(schema, "minimum") && number <= Bound(schema, "maximum")
            ? JsonSerializer.SerializeToElement((long)number)
            : null;
    }

    private static long Bound(JsonElement schema, string name) => schema.GetProperty(name).GetInt64();

    private static string Expected(JsonElement schema, bool isText) =>
        isText ? "a string" : $"a whole number in [{Bound(schema, "minimum")}, {Bound(schema, "maximum")}]";

    private static string? Missing(JsonElement schema, Dictionary<string, JsonElement> fitting) =>
        schema.GetProperty("required").EnumerateArray().Select(name => name.GetString()!).FirstOrDefault(name => !fitting.ContainsKey(name));

    // The name that was used instead is the quickest hint at what went wrong.
    private static string Strangers(McpServerTool tool, JsonElement schema, IDictionary<string, JsonElement> arguments)
    {
        List<string> strangers = [.. arguments.Keys.Where(name => !schema.GetProperty("properties").TryGetProperty(name, out _)).Select(Cut)];
        return strangers.Count == 0 ? "" : $"; {tool.ProtocolTool.Name} does not know '{string.Join("', '", strangers)}'";
    }

    private static string Excerpt(JsonElement value) => Cut(value.GetRawText());

    private static string Cut(string text) => text.Length <= 40 ? text : $"{text[..(char.IsHighSurrogate(text[39]) ? 39 : 40)]}…";
}
