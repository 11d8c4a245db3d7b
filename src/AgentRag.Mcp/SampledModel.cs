using AgentRag.Plugin;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>The client's model, asked in several round trips: a call ends with what the model is asked, and comes again with its reply.</summary>
/// <remarks>Deprecated by the protocol (SEP-2577) and known to few clients; used only when the server was started with it.</remarks>
internal static class SampledModel
{
    private const string Key = "reply";

#pragma warning disable MCP9005 // The one place that sampling, which is to go, is used: on request, and in the form that both eras know.
    /// <summary>The model of a call; null when the client offers none.</summary>
    public static RelayedModel? Of(RequestContext<CallToolRequestParams> request)
    {
        if (request.Params?.InputResponses?.TryGetValue(Key, out var response) is true)
        {
            var reply = response.Deserialize(InputResponse.CreateMessageResultJsonTypeInfo);
            return new RelayedModel(request.Params.RequestState, reply is null ? null : string.Concat(reply.Content.OfType<TextContentBlock>().Select(block => block.Text)));
        }

        return request.Server is { IsMrtrSupported: true, ClientCapabilities.Sampling: not null } ? new RelayedModel(state: null, reply: null) : null;
    }

    /// <summary>What ends the call for now.</summary>
    public static InputRequiredException Ask(ModelWantedException wanted) => new(
        new Dictionary<string, InputRequest>(StringComparer.Ordinal)
        {
            [Key] = InputRequest.ForSampling(new CreateMessageRequestParams
            {
                SystemPrompt = string.Join('\n', wanted.Messages.Where(message => message.Role == ChatRole.System).Select(message => message.Text)),
                Messages =
                [
                    .. wanted.Messages.Where(message => message.Role != ChatRole.System).Select(message => new SamplingMessage
                    {
                        Role = message.Role == ChatRole.Assistant ? Role.Assistant : Role.User,
                        Content = [new TextContentBlock { Text = message.Text }],
                    }),
                ],
                MaxTokens = wanted.MaxOutputTokens,
                Temperature = 0,
                StopSequences = wanted.StopSequences.Count == 0 ? null : [.. wanted.StopSequences],
            }),
        },
        requestState: wanted.State);
#pragma warning restore MCP9005
}
