using Microsoft.Extensions.AI;

namespace AgentRag.Authoring;

/// <summary>A model asked at another temperature and with a seed, so that a second try may take another way.</summary>
/// <remarks>Not to be disposed of: the model belongs to whoever made it.</remarks>
internal sealed class SampledChatClient(IChatClient inner, float? temperature, long? seed) : DelegatingChatClient(inner)
{
    public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetResponseAsync(messages, Sampled(options), cancellationToken);

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetStreamingResponseAsync(messages, Sampled(options), cancellationToken);

    private ChatOptions Sampled(ChatOptions? options)
    {
        var sampled = options?.Clone() ?? new ChatOptions();
        sampled.Temperature = temperature ?? sampled.Temperature;
        sampled.Seed = seed ?? sampled.Seed;
        return sampled;
    }
}
