using System.Text.Json;
using AgentRag.Plugin;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace AgentRag.Http;

/// <summary>The tools for those who do not speak MCP: one POST each, arguments and result as JSON.</summary>
/// <param name="plugin">The tools.</param>
/// <param name="logger">Gets what the caller must not see.</param>
internal sealed class RestEndpoint(AgentRagPlugin plugin, ILogger<RestEndpoint> logger)
{
    private readonly Dictionary<string, AIFunction> _functions = plugin.AsAIFunctions().ToDictionary(function => function.Name, StringComparer.Ordinal);

    /// <summary>The tools in a fixed order.</summary>
    public IEnumerable<AIFunction> Functions => _functions.Values.OrderBy(function => function.Name, StringComparer.Ordinal);

    /// <summary>Calls a tool.</summary>
    public async Task CallAsync(HttpContext http, string name)
    {
        if (!_functions.TryGetValue(name, out var function))
        {
            await Problem.WriteAsync(http, 404, $"There is no such tool: the tools are {string.Join(", ", Functions.Select(known => known.Name))}.").ConfigureAwait(false);
            return;
        }

        if (!http.Request.HasJsonContentType())
        {
            await Problem.WriteAsync(http, 415, "The body must be a JSON object of arguments with content type application/json.").ConfigureAwait(false);
            return;
        }

        try
        {
            var arguments = await ReadAsync(http).ConfigureAwait(false);
            var result = (JsonElement)(await function.InvokeAsync(arguments, http.RequestAborted).ConfigureAwait(false))!;
            http.Response.ContentType = "application/json; charset=utf-8";
            await http.Response.WriteAsync(result.GetRawText(), http.RequestAborted).ConfigureAwait(false);
        }
        catch (AgentRagException fault)
        {
            await Problem.WriteAsync(http, 400, fault.Message).ConfigureAwait(false);
        }
        catch (JsonException)
        {
            await Problem.WriteAsync(http, 400, "The body must be a JSON object of arguments.").ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not BadHttpRequestException && !http.RequestAborted.IsCancellationRequested)
        {
            logger.LogError(fault, "The tool {Tool} failed.", name);
            await Problem.WriteAsync(http, 500, $"{name} failed for a reason that other arguments would not change; the server's standard error has the details.").ConfigureAwait(false);
        }
    }

    private static async Task<AIFunctionArguments> ReadAsync(HttpContext http)
    {
        using var json = await JsonDocument.ParseAsync(http.Request.Body, new JsonDocumentOptions { MaxDepth = 64 }, http.RequestAborted).ConfigureAwait(false);
        if (json.RootElement.ValueKind is not JsonValueKind.Object)
        {
            throw new JsonException("The body is no object.");
        }

        var arguments = new AIFunctionArguments(StringComparer.Ordinal);
        foreach (var argument in json.RootElement.EnumerateObject())
        {
            arguments[argument.Name] = argument.Value.Clone();
        }

        return arguments;
    }
}
