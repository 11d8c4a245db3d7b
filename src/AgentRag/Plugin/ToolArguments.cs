using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AgentRag.Plugin;

/// <summary>The arguments of one call, each of its parameter's type and in its range.</summary>
/// <remarks>
/// Models send null or "" for what they leave out, 5.0 or "5" for 5, names of other tools' parameters and arguments nobody asked for: all that is taken.
/// What cannot be meant is an error that names the argument, the range and an example.
/// </remarks>
internal sealed class ToolArguments
{
    /// <summary>The longest arguments of one call, names and JSON values together.</summary>
    public const int MaxCharacters = 32_000;

    private readonly Dictionary<string, object> _values;

    private ToolArguments(Dictionary<string, object> values) => _values = values;

    public string Text(string name) => (string)_values[name];

    public long Number(string name) => (long)_values[name];

    /// <summary>Reads the arguments that the tool knows.</summary>
    /// <exception cref="AgentRagException">They are too long, or one is missing, of another type or out of range.</exception>
    public static ToolArguments Fit(ToolDefinition tool, IReadOnlyDictionary<string, object?> arguments)
    {
        RequireLength(arguments);
        Dictionary<string, object> values = new(StringComparer.Ordinal);
        foreach (var parameter in tool.Parameters)
        {
            values[parameter.Name] = Find(parameter, tool, arguments) is { } value
                ? Read(parameter, value) ?? throw new AgentRagException($"'{parameter.Name}' is {Excerpt(value)}, must be {Expected(parameter)}. Example: {tool.Example}")
                : parameter.Default ?? throw new AgentRagException($"'{parameter.Name}' is missing{Strangers(tool, arguments)}. Example: {tool.Example}");
            if (parameter.Kind is ToolParameterKind.Text && values[parameter.Name] is string text)
            {
                RequireText(parameter, text);
            }
        }

        return new ToolArguments(values);
    }

    private static void RequireLength(IReadOnlyDictionary<string, object?> arguments)
    {
        var lengths = arguments.ToDictionary(argument => argument.Key, argument => argument.Key.Length + Length(argument.Value));
        if (lengths.Values.Sum() is var length && length > MaxCharacters)
        {
            throw new AgentRagException(
                $"The arguments have {length:N0} characters, at most {MaxCharacters:N0} are taken: shorten '{Cut(lengths.MaxBy(pair => pair.Value).Key)}'.");
        }

        static long Length(object? value) => value switch
        {
            JsonElement json => json.GetRawText().Length,
            string text => text.Length,
            _ => 0,
        };
    }

    private static void RequireText(ToolParameter parameter, string text)
    {
        if (parameter.Low > 0 && string.IsNullOrWhiteSpace(text))
        {
            throw new AgentRagException($"'{parameter.Name}' is empty: say what to look for, such as \"Who designed the bridge that ...?\".");
        }

        if (text.Length > parameter.High)
        {
            throw new AgentRagException(string.Create(
                CultureInfo.InvariantCulture, $"'{parameter.Name}' has {text.Length:N0} characters, at most {parameter.High:N0} are taken: shorten it."));
        }
    }

    // The parameter's own name goes before its aliases: 'limit' may be an alias here and mean something else there.
    private static JsonElement? Find(ToolParameter parameter, ToolDefinition tool, IReadOnlyDictionary<string, object?> arguments)
    {
        var candidates = arguments
            .Where(argument => parameter.IsCalled(argument.Key) && !tool.Parameters.Any(other => other != parameter && other.Name == argument.Key))
            .OrderByDescending(argument => argument.Key == parameter.Name).ThenBy(argument => argument.Key, StringComparer.Ordinal);
        foreach (var candidate in candidates)
        {
            if (candidate.Value is null)
            {
                continue;
            }

            var value = candidate.Value is JsonElement json ? json : JsonSerializer.SerializeToElement(candidate.Value, AIJsonUtilities.DefaultOptions);
            if (!IsLeftOut(parameter, value))
            {
                return value;
            }
        }

        return null;
    }

    private static bool IsLeftOut(ToolParameter parameter, JsonElement value) =>
        value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined
        || (value.ValueKind is JsonValueKind.String && (parameter.Kind is not ToolParameterKind.Text || parameter.Default is not null) && string.IsNullOrWhiteSpace(value.GetString()));

    private static object? Read(ToolParameter parameter, JsonElement value) => parameter.Kind switch
    {
        ToolParameterKind.WholeNumber => WholeNumber(parameter, value),
        ToolParameterKind.Choice => value.ValueKind is JsonValueKind.String
            ? parameter.Choices.FirstOrDefault(choice => string.Equals(choice, value.GetString()!.Trim(), StringComparison.OrdinalIgnoreCase))
            : null,
        _ => value.ValueKind is JsonValueKind.String ? value.GetString() : null,
    };

    private static long? WholeNumber(ToolParameter parameter, JsonElement value)
    {
        var text = value.ValueKind is JsonValueKind.String ? value.GetString() : value.GetRawText();
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && decimal.IsInteger(number)
            && number >= parameter.Low && number <= parameter.High
            ? (long)number
            : null;
    }

    private static string Expected(ToolParameter parameter) => parameter.Kind switch
    {
        ToolParameterKind.WholeNumber => string.Create(CultureInfo.InvariantCulture, $"a whole number in [{parameter.Low}, {parameter.High}]"),
        ToolParameterKind.Choice => string.Join(" or ", parameter.Choices),
        _ => "a string",
    };

    // The name that was used instead is the quickest hint at what went wrong.
    private static string Strangers(ToolDefinition tool, IReadOnlyDictionary<string, object?> arguments)
    {
        List<string> strangers = [.. arguments.Keys.Where(name => !tool.Parameters.Any(parameter => parameter.IsCalled(name))).Select(Cut)];
        return strangers.Count == 0 ? "" : $"; {tool.Name} does not know '{string.Join("', '", strangers)}'";
    }

    private static string Excerpt(JsonElement value) => Cut(value.GetRawText());

    private static string Cut(string text) => text.Length <= 40 ? text : $"{text[..(char.IsHighSurrogate(text[39]) ? 39 : 40)]}…";
}
