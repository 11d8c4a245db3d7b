using System.Text.Json.Nodes;

namespace AgentRag.Plugin;

/// <summary>One parameter of a tool: what its schema declares and its arguments are checked against.</summary>
internal sealed record ToolParameter
{
    private ToolParameter(string name, ToolParameterKind kind, string description) => (Name, Kind, Description) = (name, kind, description);

    public string Name { get; }

    public ToolParameterKind Kind { get; }

    public string Description { get; }

    /// <summary>The least value of a number, the fewest characters of a text.</summary>
    public long Low { get; private init; }

    /// <summary>The largest value of a number, the most characters of a text.</summary>
    public long High { get; private init; }

    /// <summary>What a choice may be; empty for the other kinds.</summary>
    public IReadOnlyList<string> Choices { get; private init; } = [];

    /// <summary>A string or a long; null when the parameter is required.</summary>
    public object? Default { get; private init; }

    /// <summary>Other names under which agents send it. Case, hyphens and underscores do not count.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    public static ToolParameter RequiredText(string name, string description, int most, params string[] aliases) =>
        new(name, ToolParameterKind.Text, description) { Low = 1, High = most, Aliases = aliases };

    public static ToolParameter Text(string name, string description, int most, params string[] aliases) =>
        new(name, ToolParameterKind.Text, description) { High = most, Default = "", Aliases = aliases };

    public static ToolParameter RequiredNumber(string name, string description, long low, long high, params string[] aliases) =>
        new(name, ToolParameterKind.WholeNumber, description) { Low = low, High = high, Aliases = aliases };

    public static ToolParameter Number(string name, string description, long low, long high, long value, params string[] aliases) =>
        new(name, ToolParameterKind.WholeNumber, description) { Low = low, High = high, Default = value, Aliases = aliases };

    public static ToolParameter Choice(string name, string description, IReadOnlyList<string> choices, params string[] aliases) =>
        new(name, ToolParameterKind.Choice, description) { Choices = choices, Default = choices[0], Aliases = aliases };

    /// <summary>Whether an argument of this name is meant for the parameter.</summary>
    public bool IsCalled(string name) => Array.Exists([Name, .. Aliases], own => Plain(own) == Plain(name));

    public JsonObject ToSchema()
    {
        var schema = new JsonObject { ["type"] = Kind is ToolParameterKind.WholeNumber ? "integer" : "string", ["description"] = Description };
        if (Kind is ToolParameterKind.Choice)
        {
            schema["enum"] = new JsonArray([.. Choices.Select(choice => JsonValue.Create(choice))]);
        }
        else if (Kind is ToolParameterKind.WholeNumber)
        {
            (schema["minimum"], schema["maximum"]) = (Low, High);
        }

        // That a text is long enough or may be empty is checked all the same; every word here is paid for in each conversation.
        if (Default is long number)
        {
            schema["default"] = number;
        }
        else if (Kind is ToolParameterKind.Choice)
        {
            schema["default"] = (string)Default!;
        }

        return schema;
    }

    private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();
}

/// <summary>What a parameter holds.</summary>
internal enum ToolParameterKind
{
    /// <summary>A text, bounded in characters.</summary>
    Text,

    /// <summary>A whole number in a range.</summary>
    WholeNumber,

    /// <summary>One of a few words.</summary>
    Choice,
}
