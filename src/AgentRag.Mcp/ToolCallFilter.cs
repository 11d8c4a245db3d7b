using System.Text.Json;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>Stands around every tool call: checks the arguments, and turns faults into text that a model can act on.</summary>
/// <param name="logger">Gets what the client must not see.</param>
internal sealed class ToolCallFilter(ILogger<ToolCallFilter> logger)
{
    public McpRequestHandler<CallToolRequestParams, CallToolResult> Around(McpRequestHandler<CallToolRequestParams, CallToolResult> next) =>
        async (request, cancellationToken) =>
        {
            try
            {
                if (request is { MatchedPrimitive: McpServerTool tool, Params: { } call })
                {
                    call.Arguments = ToolArguments.Fit(tool, call.Arguments);
                }

                return await next(request, cancellationToken).ConfigureAwait(false);
            }
            catch (AgentRagException fault)
            {
                return Error(fault.Message);
            }
            catch (Exception fault) when (fault is ArgumentException or JsonException)
            {
                return Error($"{request.Params?.Name} cannot work with these arguments: {fault.Message}");
            }
            catch (Exception fault) when (fault is not McpException && !cancellationToken.IsCancellationRequested)
            {
                logger.LogError(fault, "The tool {Tool} failed.", request.Params?.Name);
                return Error($"{request.Params?.Name} failed for a reason that other arguments would not change; the server's standard error has the details.");
            }
        };

    private static CallToolResult Error(string message) => new() { IsError = true, Content = [new TextContentBlock { Text = message }] };
}
