using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AgentRag.Plugin;

/// <summary>A model that only the caller of a tool can reach: replies that it has given are taken from the call, the next request is handed out.</summary>
/// <remarks>
/// The call runs again from its beginning each time: what was asked before is asked in the same words, and answered at once. State is the list of replies, each
/// with a digest of its request, so that documents that change in between are noticed.
/// </remarks>
public sealed class RelayedModel
{
    private const string Purpose = "relay";

    /// <summary>Makes the model of one call.</summary>
    /// <param name="state">What <see cref="ModelWantedException.State"/> of the call before was; null for the first.</param>
    /// <param name="reply">The reply to the request that it handed out; null for the first.</param>
    public RelayedModel(string? state, string? reply) => (State, Reply) = (state, reply);

    /// <summary>What was handed out with the last request; null for the first call.</summary>
    public string? State { get; }

    /// <summary>The reply to the last request; null for the first call.</summary>
    public string? Reply { get; }

    internal IChatClient Client(StateSeal seal)
    {
        var exchanges = State is null ? [] : JsonSerializer.Deserialize<List<Exchange>>(seal.Open(Purpose, State), PluginJson.Options)!;
        if (exchanges is [.., { Reply: null } open])
        {
            exchanges[^1] = open with
            {
                Reply = Reply ?? throw new AgentRagException("The client's model gave no reply: call the tool again, or start the server with --answering host."),
            };
        }

        return new Replay(exchanges, seal);
    }

    private sealed record Exchange(string Digest, string? Reply);

    private sealed class Replay(List<Exchange> exchanges, StateSeal seal) : IChatClient
    {
        private int _next;

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            var request = messages.ToList();
            var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', request.Select(message => $"{message.Role}\0{message.Text}")))).AsSpan(0, 8));
            if (_next == exchanges.Count)
            {
                throw new ModelWantedException(
                    request,
                    options?.MaxOutputTokens ?? 512,
                    options?.StopSequences is { } stops ? [.. stops] : [],
                    seal.Seal(Purpose, JsonSerializer.Serialize<List<Exchange>>([.. exchanges, new(digest, null)], PluginJson.Options)));
            }

            var exchange = exchanges[_next++];
            return exchange.Digest == digest
                ? Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, exchange.Reply)) { ModelId = "the client's" })
                : throw new AgentRagException("The documents or settings changed while the question was being answered: ask it anew.");
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in (await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)).ToChatResponseUpdates())
            {
                yield return update;
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("mcp", defaultModelId: "the client's") : null;

        public void Dispose()
        {
        }
    }
}

/// <summary>A tool cannot go on before the caller's model has replied: ask it, and call the tool again with the reply (<see cref="RelayedModel"/>).</summary>
public sealed class ModelWantedException : Exception
{
    internal ModelWantedException(IReadOnlyList<ChatMessage> messages, int maxOutputTokens, IReadOnlyList<string> stopSequences, string state)
        : base("The caller's model is asked.") => (Messages, MaxOutputTokens, StopSequences, State) = (messages, maxOutputTokens, stopSequences, state);

    /// <summary>What to send to the model.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; }

    /// <summary>Output tokens that the reply may have.</summary>
    public int MaxOutputTokens { get; }

    /// <summary>Texts that end the reply; length ≥ 0.</summary>
    public IReadOnlyList<string> StopSequences { get; }

    /// <summary>What to hand back with the reply.</summary>
    public string State { get; }
}
