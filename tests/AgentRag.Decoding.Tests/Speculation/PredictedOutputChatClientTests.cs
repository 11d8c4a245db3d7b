using System.Text.Json.Nodes;
using AgentRag.Decoding.Speculation;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Speculation;

public sealed class PredictedOutputChatClientTests : IDisposable
{
    private static readonly string Long = string.Join("\n\n", ["Answer from these notes.", .. Enumerable.Range(0, 30).Select(i => $"Note {i} tells of rain and of snow."), "Fobiton has nine lamps.", "How many lamps has Fobiton?"]);

    private readonly Scripted _model = new("Nine.");
    private readonly Scripted _drafter = new("Nine lamps.");

    public void Dispose()
    {
        _model.Dispose();
        _drafter.Dispose();
    }

    [Fact]
    public async Task The_drafter_reads_what_belongs_to_the_question_and_its_answer_is_the_prediction()
    {
        using var client = Client();
        var reply = await client.GetResponseAsync(Long, new ChatOptions { MaxOutputTokens = 9 });
        Assert.Equal("Nine.", reply.Text);
        Assert.Equal("Answer from these notes.\n\nFobiton has nine lamps.\n\nHow many lamps has Fobiton?", _drafter.Asked.Single());
        Assert.Equal(Long, _model.Asked.Single());
        Assert.Equal("""{"type":"content","content":"Nine lamps."}""", ((JsonObject)_model.Options!.AdditionalProperties!["prediction"]!).ToJsonString());
        Assert.Equal((7, 2), (reply.Usage!.AdditionalCounts!["draft_input_tokens"], reply.Usage.AdditionalCounts["draft_output_tokens"]));
    }

    [Fact]
    public async Task Streams_carry_the_same_prediction()
    {
        using var client = Client();
        var reply = await client.GetStreamingResponseAsync(Long).ToChatResponseAsync();
        Assert.NotNull(_model.Options!.AdditionalProperties!["prediction"]);
        Assert.Equal(7, reply.Usage!.AdditionalCounts!["draft_input_tokens"]);
    }

    [Fact]
    public async Task Requests_that_cannot_have_a_prediction_are_sent_as_they_are()
    {
        using var client = Client();
        await client.GetResponseAsync("Short?");
        await client.GetResponseAsync(Long, new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "one")] });
        await client.GetResponseAsync(Long, new ChatOptions { FrequencyPenalty = 1 });
        using var other = Client(takesPredictions: false);
        await other.GetResponseAsync(Long);
        using var unknown = new PredictedOutputChatClient(_model, _drafter, new Words());
        await unknown.GetResponseAsync(Long);
        Assert.Empty(_drafter.Asked);
        Assert.Equal(5, _model.Asked.Count);
        Assert.Null(_model.Options?.AdditionalProperties);
    }

    [Fact]
    public async Task A_drafter_that_fails_does_not_fail_the_answer()
    {
        using var client = new PredictedOutputChatClient(_model, new Scripted(text: null), new Words(), new DraftContextOptions { LeastTokens = 16, ChunkTokens = 8 }, takesPredictions: true);
        Assert.Equal("Nine.", (await client.GetResponseAsync(Long)).Text);
    }

    private PredictedOutputChatClient Client(bool takesPredictions = true) =>
        new(_model, _drafter, new Words(), new DraftContextOptions { LeastTokens = 16, ChunkTokens = 8 }, takesPredictions);

    private sealed class Words : ITokenCounter
    {
        public string Name => "words";

        public int Count(ReadOnlySpan<char> text) => text.ToString().Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Length;
    }

    private sealed class Scripted(string? text) : IChatClient
    {
        public List<string> Asked { get; } = [];

        public ChatOptions? Options { get; private set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked.Add(messages.Single().Text);
            Options = options;
            return text is null
                ? throw new AgentRagException("No.")
                : Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, text)) { Usage = new UsageDetails { InputTokenCount = 7, OutputTokenCount = 2 } });
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
            {
                yield return update;
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
