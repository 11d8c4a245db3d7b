using System.Text.Json;
using AgentRag.Caching;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class CachingChatClientTests : IDisposable
{
    private readonly MemoryCache _store = new();
    private readonly Talker _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task A_reply_found_is_the_reply_given_byte_for_byte_usage_included()
    {
        var (miss, hit) = (await Client().GetResponseAsync(Ask("Who?"), Cold()), await Client().GetResponseAsync(Ask("Who?"), Cold()));
        Assert.Equal(1, _model.Asked);
        Assert.Equal(JsonSerializer.Serialize(miss, AIJsonUtilities.DefaultOptions), JsonSerializer.Serialize(hit, AIJsonUtilities.DefaultOptions));
        Assert.Equal((11, 3, 2), (hit.Usage!.InputTokenCount, hit.Usage.CachedInputTokenCount, hit.Usage.OutputTokenCount));
        Assert.Equal(("talker-1", ChatFinishReason.Stop, "r1"), (hit.ModelId, hit.FinishReason, hit.ResponseId));
    }

    [Fact]
    public async Task Streams_and_whole_replies_find_each_other()
    {
        var streamed = await Client().GetStreamingResponseAsync(Ask("Who?"), Cold()).ToChatResponseAsync();
        Assert.Equal("reply 1: Who?", streamed.Text);
        Assert.Equal("reply 1: Who?", (await Client().GetResponseAsync(Ask("Who?"), Cold())).Text);
        var again = await Client().GetStreamingResponseAsync(Ask("Who?"), Cold()).ToChatResponseAsync();
        Assert.Equal(("reply 1: Who?", 2L), (again.Text, again.Usage!.OutputTokenCount));
        Assert.Equal(1, _model.Asked);
    }

    [Fact]
    public async Task A_stream_that_was_left_early_is_not_kept()
    {
        await foreach (var _ in Client().GetStreamingResponseAsync(Ask("Who?"), Cold()))
        {
            break;
        }

        Assert.Empty(_store.Entries);
    }

    [Fact]
    public async Task Any_difference_in_messages_options_or_model_asks_anew()
    {
        var request = new GroundedRequest { Task = GroundedTask.Answer, Question = "Who?" };
        List<(IEnumerable<ChatMessage> Messages, ChatOptions Options)> requests =
        [
            (Ask("Who?"), Cold()),
            (Ask("who?"), Cold()),
            ([new(ChatRole.System, "Be brief."), .. Ask("Who?")], Cold()),
            ([new(ChatRole.Assistant, "Who?")], Cold()),
            ([new(ChatRole.User, "Wh"), new(ChatRole.User, "o?")], Cold()),
            (Ask("Who?"), Cold(options => options.MaxOutputTokens = 5)),
            (Ask("Who?"), Cold(options => options.StopSequences = ["\n"])),
            (Ask("Who?"), Cold(options => options.Seed = 1)),
            (Ask("Who?"), Cold(options => options.ModelId = "other")),
            (Ask("Who?"), Cold(options => options.TopP = 0.5f)),
            (Ask("Who?"), Cold(options => options.ResponseFormat = ChatResponseFormat.Json)),
            (Ask("Who?"), Cold(options => options.AdditionalProperties = new() { ["grammar"] = "a" })),
            (Ask("Who?"), Cold(options => options.AdditionalProperties = new() { ["grammar"] = "b" })),
            (Ask("Who?"), Cold(request.AttachTo)),
            (Ask("Who?"), Cold((request with { Passages = [new GroundedPassage(1, "p", "t", "x")] }).AttachTo)),
            (Ask("Who?"), Cold((request with { Steps = [new SelfAskStep("q", null)] }).AttachTo)),
        ];
        foreach (var (messages, options) in requests.Concat(requests))
        {
            await Client().GetResponseAsync(messages, options);
        }

        Assert.Equal(requests.Count, _model.Asked);
        _model.Endpoint = new Uri("http://127.0.0.1:2/");
        await Client().GetResponseAsync(Ask("Who?"), Cold());
        Assert.Equal(requests.Count + 1, _model.Asked);
    }

    [Fact]
    public async Task Only_temperature_0_is_kept_unless_told_otherwise()
    {
        foreach (var temperature in new float?[] { null, 0.7f, null, 0.7f })
        {
            await Client().GetResponseAsync(Ask("Who?"), new ChatOptions { Temperature = temperature });
        }

        await Client().GetResponseAsync(Ask("Who?"));
        Assert.Equal((5, 0), (_model.Asked, _store.Entries.Count));
        for (var round = 0; round < 2; round++)
        {
            await Client(new() { AnyTemperature = true }).GetResponseAsync(Ask("Who?"), new ChatOptions { Temperature = 0.7f });
            await Client(new() { AnyTemperature = true }).GetResponseAsync(Ask("Who?"));
        }

        Assert.Equal(7, _model.Asked);
    }

    [Fact]
    public async Task What_cannot_be_the_same_twice_is_not_kept()
    {
        await TwiceAsync(Ask("Who?"), Cold(options => options.Tools = [AIFunctionFactory.Create(() => 1, "f")]));
        await TwiceAsync(Ask("Who?"), Cold(options => options.ConversationId = "c"));
        await TwiceAsync(Ask("Who?"), Cold(options => options.RawRepresentationFactory = _ => null));
        await TwiceAsync(Ask("Who?"), Cold(options => options.AdditionalProperties = new() { ["callback"] = (Func<int>)(() => 1) }));
        await TwiceAsync([new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])], Cold());
        foreach (var shape in new Action<ChatResponse>[]
        {
            response => response.Messages[0].Contents = [new TextContent("  ")],
            response => response.FinishReason = ChatFinishReason.ContentFilter,
            response => response.ConversationId = "c",
            response => response.Messages[0].Contents.Add(new FunctionCallContent("1", "f")),
        })
        {
            _model.Shape = shape;
            await TwiceAsync(Ask("Who?"), Cold());
        }

        async Task TwiceAsync(IEnumerable<ChatMessage> messages, ChatOptions options)
        {
            var before = _model.Asked;
            await Client().GetResponseAsync(messages, options);
            await Client().GetResponseAsync(messages, options);
            Assert.Equal((before + 2, 0), (_model.Asked, _store.Entries.Count));
        }
    }

    [Fact]
    public async Task A_fault_is_not_kept()
    {
        _model.Shape = _ => throw new AgentRagException("gone");
        await Assert.ThrowsAsync<AgentRagException>(() => Client().GetResponseAsync(Ask("Who?"), Cold()));
        _model.Shape = null;
        Assert.Equal("reply 2: Who?", (await Client().GetResponseAsync(Ask("Who?"), Cold())).Text);
    }

    private static IEnumerable<ChatMessage> Ask(string text) => [new(ChatRole.User, text)];

    private static ChatOptions Cold(Action<ChatOptions>? change = null)
    {
        var options = new ChatOptions { Temperature = 0 };
        change?.Invoke(options);
        return options;
    }

    private CachingChatClient Client(CachingChatClientOptions? options = null) => new(_model, new ResultCache(_store), options);

    /// <summary>Gives another reply each time.</summary>
    private sealed class Talker : IChatClient
    {
        public int Asked { get; private set; }

        public Uri Endpoint { get; set; } = new("http://127.0.0.1:1/");

        public Action<ChatResponse>? Shape { get; set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked++;
            var response = new ChatResponse(new ChatMessage(ChatRole.Assistant, $"reply {Asked}: {messages.Last().Text}"))
            {
                ResponseId = $"r{Asked}",
                ModelId = "talker-1",
                CreatedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
                FinishReason = ChatFinishReason.Stop,
                Usage = new UsageDetails { InputTokenCount = 11, CachedInputTokenCount = 3, OutputTokenCount = 2 },
            };
            Shape?.Invoke(response);
            return Task.FromResult(response);
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
            {
                yield return update;
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("talkers", Endpoint, "talker") : null;

        public void Dispose()
        {
        }
    }
}
