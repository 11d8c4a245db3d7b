using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Answering;
using AgentRag.Plugin;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>The plugin's functions as MCP tools: what the list says, and what a call does.</summary>
/// <remarks>Safe for concurrent use, by one server or many. The tools are made when somebody asks for them: the first request is answered without.</remarks>
internal sealed class ToolSet
{
    private readonly Lazy<IReadOnlyDictionary<string, AIFunction>> _functions;
    private readonly ILoggerFactory _loggers;
    private readonly Lazy<IReadOnlyList<Tool>> _tools;

    public ToolSet(AgentRagPlugin plugin, ILoggerFactory loggers)
    {
        _functions = new(() => plugin.AsAIFunctions().ToDictionary(function => function.Name, StringComparer.Ordinal));
        _loggers = loggers;
        // Clients cache the list as part of a prompt, so it always comes in the same order.
        _tools = new(() => [.. _functions.Value.Values.OrderBy(function => function.Name, StringComparer.Ordinal).Select(Describe)]);
    }

    public ValueTask<ListToolsResult> ListAsync(RequestContext<ListToolsRequestParams> request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ListToolsResult { Tools = [.. _tools.Value], TimeToLive = TimeSpan.FromMinutes(10), CacheScope = CacheScope.Private });

    /// <summary>Calls a tool; what goes wrong becomes text that a model can act on.</summary>
    /// <exception cref="McpProtocolException">There is no such tool.</exception>
    public async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var name = request.Params?.Name ?? "";
        if (!_functions.Value.TryGetValue(name, out var function))
        {
            throw new McpProtocolException($"Unknown tool: '{name}'", McpErrorCode.InvalidParams);
        }

        try
        {
            return await CallAsync(function, request, cancellationToken).ConfigureAwait(false);
        }
        catch (AgentRagException fault)
        {
            return Error(fault.Message);
        }
        catch (Exception fault) when (fault is ArgumentException or JsonException)
        {
            return Error($"{name} cannot work with these arguments: {fault.Message}");
        }
        catch (Exception fault) when (fault is not (McpException or InputRequiredException) && !cancellationToken.IsCancellationRequested)
        {
            _loggers.CreateLogger<ToolSet>().LogError(fault, "The tool {Tool} failed.", name);
            return Error($"{name} failed for a reason that other arguments would not change; the server's standard error has the details.");
        }
    }

    private static async Task<CallToolResult> CallAsync(AIFunction function, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var context = new Dictionary<object, object?>();
        var arguments = new AIFunctionArguments(StringComparer.Ordinal) { Context = context };
        foreach (var (name, value) in request.Params?.Arguments ?? new Dictionary<string, JsonElement>())
        {
            arguments[name] = value;
        }

        if (SampledModel.Of(request) is { } model)
        {
            context[typeof(RelayedModel)] = model;
        }

        var progress = request.Params?.ProgressToken is { } token ? new ProgressNotifications(request.Server, token) : null;
        context[typeof(IProgress<AnswerEvent>)] = progress;
        try
        {
            return Result(await function.InvokeAsync(arguments, cancellationToken).ConfigureAwait(false));
        }
        catch (ModelWantedException wanted)
        {
            throw SampledModel.Ask(wanted);
        }
        finally
        {
            // A client forgets the token with the result: nothing may come behind it.
            await (progress?.SentAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        }
    }

    // Some clients hand their model the one, some the other: both say all of it.
    private static CallToolResult Result(object? result) => result is JsonElement json
        ? new() { Content = [new TextContentBlock { Text = json.GetRawText() }], StructuredContent = json }
        : throw new InvalidOperationException("A tool of the plugin returned no JSON.");

    private static CallToolResult Error(string message) => new() { IsError = true, Content = [new TextContentBlock { Text = message }] };

    private static Tool Describe(AIFunction function)
    {
        var isReadOnly = function.AdditionalProperties[AgentRagPlugin.ReadOnlyProperty] is true;
        return new Tool
        {
            Name = function.Name,
            Title = (string)function.AdditionalProperties[AgentRagPlugin.TitleProperty]!,
            Description = function.Description,
            InputSchema = function.JsonSchema,
            OutputSchema = Outline(function.ReturnJsonSchema!.Value),
            // Of a tool that reads only, the specification gives the other two no meaning. Indexing again what is indexed takes nothing away that is not gone already.
            Annotations = isReadOnly
                ? new ToolAnnotations { ReadOnlyHint = true, OpenWorldHint = false }
                : new ToolAnnotations { ReadOnlyHint = false, DestructiveHint = false, IdempotentHint = true, OpenWorldHint = false },
        };
    }

    // Hosts put output schemas before their model. What the fields of a list's items are called it sees in the first result; the HTTP face tells the whole.
    private static JsonElement Outline(JsonElement schema) => JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(schema.GetProperty("properties").EnumerateObject()
            .Select(property => KeyValuePair.Create<string, JsonNode?>(property.Name, OutlineOf(property.Value)))),
    });

    private static JsonObject OutlineOf(JsonElement schema)
    {
        var type = schema.GetProperty("type").GetString()!;
        var outline = new JsonObject { ["type"] = type };
        if (type == "array")
        {
            outline["items"] = new JsonObject { ["type"] = schema.GetProperty("items").GetProperty("type").GetString() };
        }

        return outline;
    }
}
