using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Answering;
using Microsoft.Extensions.AI;

namespace AgentRag.Plugin;

/// <summary>A tool as a function. Its schemas are made when somebody asks for them: a server answers its first request without.</summary>
internal sealed class ToolFunction : AIFunction
{
    private readonly ToolDefinition _definition;
    private readonly Func<ToolCall, CancellationToken, Task<object>> _run;
    private readonly bool _typedResults;
    private readonly Lazy<JsonElement> _inputSchema;
    private readonly Lazy<JsonElement> _outputSchema;

    public ToolFunction(ToolDefinition definition, bool typedResults, Func<ToolCall, CancellationToken, Task<object>> run)
    {
        (_definition, _typedResults, _run) = (definition, typedResults, run);
        _inputSchema = new(definition.InputSchema);
        _outputSchema = new(() => Union(definition.Results));
        AdditionalProperties = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            [AgentRagPlugin.TitleProperty] = definition.Title,
            [AgentRagPlugin.ReadOnlyProperty] = definition.IsReadOnly,
        };
    }

    public override string Name => _definition.Name;

    public override string Description => _definition.Description;

    public override JsonElement JsonSchema => _inputSchema.Value;

    public override JsonElement? ReturnJsonSchema => _outputSchema.Value;

    public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; }

    public override JsonSerializerOptions JsonSerializerOptions => PluginJson.Options;

    protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken)
    {
        var call = new ToolCall(ToolArguments.Fit(_definition, arguments.ToDictionary(StringComparer.Ordinal)), Of<IProgress<AnswerEvent>>(), Of<RelayedModel>());
        var result = await _run(call, cancellationToken).ConfigureAwait(false);
        return _typedResults ? result : PluginJson.ToElement(result);

        // What is meant for the host and not for its model comes with the call's context and stays out of the schema.
        T? Of<T>()
            where T : class => arguments.Context?.TryGetValue(typeof(T), out var value) is true ? value as T : null;
    }

    // What a tool returns at different times is one object schema: clients know no "either or" at its root.
    private static JsonElement Union(IReadOnlyList<Type> types)
    {
        var schemas = types.Select(type => JsonNode.Parse(AIJsonUtilities.CreateJsonSchema(type, serializerOptions: AIJsonUtilities.DefaultOptions).GetRawText())!.AsObject()).ToList();
        var properties = new JsonObject();
        foreach (var property in schemas.SelectMany(schema => schema["properties"]!.AsObject()))
        {
            properties.TryAdd(property.Key, property.Value?.DeepClone());
        }

        var required = schemas.Select(schema => schema["required"]!.AsArray().Select(name => (string)name!))
            .Aggregate((first, second) => first.Intersect(second, StringComparer.Ordinal));
        return JsonSerializer.SerializeToElement(new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]),
        });
    }
}

/// <summary>One call of a tool.</summary>
/// <param name="Arguments">Its arguments, checked.</param>
/// <param name="Progress">Told of each step of an answer; null when nobody listens.</param>
/// <param name="Model">The caller's model, where it offers one; else null.</param>
internal sealed record ToolCall(ToolArguments Arguments, IProgress<AnswerEvent>? Progress, RelayedModel? Model)
{
    public string Text(string name) => Arguments.Text(name);

    public int Number(string name) => (int)Arguments.Number(name);
}
