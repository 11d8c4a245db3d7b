using AgentRag.Models;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Fakes;

/// <summary>A model that replies from a script and keeps what it was sent.</summary>
internal sealed class ScriptedChatClient(Func<GroundedRequest, string> reply) : IChatClient
{
    private static readonly ChatClientMetadata Metadata = new("tests", new Uri("http://127.0.0.1/"), "scripted");

    public ScriptedChatClient(params string[] replies)
        : this(InOrder(replies))
    {
    }

    public List<SentRequest> Sent { get; } = [];

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var request = GroundedRequest.From(options) ?? throw new InvalidOperationException("No request attached.");
        Sent.Add(new SentRequest([.. messages], options!, request));
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, reply(request))) { ModelId = "scripted" });
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(ChatClientMetadata) ? Metadata : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
    }

    private static Func<GroundedRequest, string> InOrder(string[] replies)
    {
        var next = 0;
        return _ => replies[next++];
    }
}

internal sealed record SentRequest(IReadOnlyList<ChatMessage> Messages, ChatOptions Options, GroundedRequest Request)
{
    public string User => Messages[1].Text;
}
