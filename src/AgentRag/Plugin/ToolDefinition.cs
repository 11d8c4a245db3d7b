using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentRag.Plugin;

/// <summary>What a tool is called, what it says about itself and what it takes.</summary>
internal sealed record ToolDefinition
{
    public required string Name { get; init; }

    /// <summary>A few words for menus.</summary>
    public required string Title { get; init; }

    /// <summary>For the model that chooses; the first sentence says it all, because some clients search by it.</summary>
    public required string Description { get; init; }

    public required IReadOnlyList<ToolParameter> Parameters { get; init; }

    /// <summary>Arguments, as JSON: part of each error about arguments.</summary>
    public required string Example { get; init; }

    /// <summary>The records it may return. A field that all of them have is required in the schema.</summary>
    public required IReadOnlyList<Type> Results { get; init; }

    /// <summary>Whether it changes nothing.</summary>
    public bool IsReadOnly { get; init; } = true;

    public JsonElement InputSchema() => JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(Parameters.Select(parameter => KeyValuePair.Create<string, JsonNode?>(parameter.Name, parameter.ToSchema()))),
        ["required"] = new JsonArray([.. Parameters.Where(parameter => parameter.Default is null).Select(parameter => JsonValue.Create(parameter.Name))]),
    });
}
