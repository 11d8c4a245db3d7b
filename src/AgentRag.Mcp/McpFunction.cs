using System.Text.Json;
using AgentRag.Answering;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>A function as MCP wants it: its text compact, and its steps told to a client that asked for them with a progress token.</summary>
/// <param name="function">The function of the plugin.</param>
internal sealed class McpFunction(AIFunction function) : DelegatingAIFunction(function)
{
    // The options of Microsoft.Extensions.AI indent, and a text-only host would put the blanks before its model.
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <summary>How the SDK writes the result as text.</summary>
    public override JsonSerializerOptions JsonSerializerOptions => Compact;

    protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken)
    {
        if (arguments.Services?.GetService(typeof(RequestContext<CallToolRequestParams>)) is not RequestContext<CallToolRequestParams> request
            || request.Params?.ProgressToken is not { } token)
        {
            return await base.InvokeCoreAsync(arguments, cancellationToken).ConfigureAwait(false);
        }

        var progress = new ProgressNotifications(request.Server, token);
        (arguments.Context ??= new Dictionary<object, object?>())[typeof(IProgress<AnswerEvent>)] = progress;
        try
        {
            return await base.InvokeCoreAsync(arguments, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // A client forgets the token with the result: nothing may come behind it.
            await progress.SentAsync().ConfigureAwait(false);
        }
    }
}
