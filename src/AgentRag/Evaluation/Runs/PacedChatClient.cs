using AgentRag.Indexing.Vectors;
using Microsoft.Extensions.AI;

namespace AgentRag.Evaluation.Runs;

/// <summary>Keeps requests to a model under a rate.</summary>
/// <remarks>Safe for concurrent use when the model is. Disposing it would dispose the model, so it is not disposed.</remarks>
internal sealed class PacedChatClient(IChatClient model, int? requestsPerMinute, TimeProvider time) : DelegatingChatClient(model)
{
    private readonly RequestPacer _pacer = new(requestsPerMinute, time);

    /// <summary>Puts the rate before a model, which stays the caller's.</summary>
    public static IChatClient Over(IChatClient model, int? requestsPerMinute, TimeProvider time) => new PacedChatClient(model, requestsPerMinute, time);

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        await _pacer.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
    }
}
