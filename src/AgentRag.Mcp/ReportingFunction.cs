using AgentRag.Answering;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>A function that tells the client of its steps, when the client asked for that with a progress token.</summary>
/// <param name="function">The function of the plugin.</param>
internal sealed class ReportingFunction(AIFunction function) : DelegatingAIFunction(function)
{
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
