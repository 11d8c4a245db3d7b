using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AgentRag.Decoding.Speculation;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Retrieval;
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

    [Fact]
    public async Task An_embedding_server_that_is_down_costs_neither_the_answer_nor_the_draft()
    {
        using var down = new Unreachable();
        using var client = Client(DraftRetrievers.Hybrid(down));
        Assert.Equal("Nine.", (await client.GetResponseAsync(Long)).Text);
        Assert.Equal(1, down.Asked);
        Assert.Equal("Answer from these notes.\n\nFobiton has nine lamps.\n\nHow many lamps has Fobiton?", _drafter.Asked.Single());
        Assert.NotNull(_model.Options!.AdditionalProperties!["prediction"]);
    }

    [Fact]
    public async Task What_the_drafter_would_read_and_cannot_be_made_leaves_the_request_without_a_prediction()
    {
        using var client = new PredictedOutputChatClient(_model, _drafter, new Words(isDown: true), takesPredictions: true);
        Assert.Equal("Nine.", (await client.GetResponseAsync(Long)).Text);
        Assert.Equal("Nine.", (await client.GetStreamingResponseAsync(Long).ToChatResponseAsync()).Text);
        Assert.Empty(_drafter.Asked);
        Assert.Equal([Long, Long], _model.Asked);
        Assert.Null(_model.Options?.AdditionalProperties);
    }

    [Fact]
    public async Task Cancellation_while_the_draft_is_prepared_passes_through()
    {
        using var cancellation = new CancellationTokenSource();
        using var embedder = new Unreachable(() =>
        {
            cancellation.Cancel();
            return new OperationCanceledException(cancellation.Token);
        });
        using var client = Client(DraftRetrievers.Hybrid(embedder));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync(Long, cancellationToken: cancellation.Token));
        Assert.Empty(_model.Asked);
    }

    [Fact]
    public async Task Once_a_server_has_refused_a_prediction_no_more_drafts_are_made_for_it()
    {
        List<bool> predictions = [];
        using var http = new HttpClient(new Server(body =>
        {
            predictions.Add(body.ContainsKey("prediction"));
            return body.ContainsKey("prediction")
                ? (HttpStatusCode.BadRequest, """{"error":{"message":"Unsupported parameter: 'prediction' is not supported with this model.","code":"unsupported_parameter"}}""")
                : (HttpStatusCode.OK, """{"choices":[{"message":{"content":"Nine."},"finish_reason":"stop"}]}""");
        }));
        using var model = new OpenAICompatibleChatClient(new OpenAICompatibleOptions { BaseUrl = new Uri("http://127.0.0.1:9/v1"), Model = "m" }, http);
        using var client = new PredictedOutputChatClient(model, _drafter, new Words(), new DraftContextOptions { LeastTokens = 16, ChunkTokens = 8 }, takesPredictions: true);

        var first = await client.GetResponseAsync(Long);
        var second = await client.GetResponseAsync(Long);

        Assert.Equal(("Nine.", "Nine."), (first.Text, second.Text));
        Assert.Equal([true, false, false], predictions);
        Assert.Single(_drafter.Asked);

        // The draft that was made is told, for it was paid for.
        Assert.Equal(7, first.Usage!.AdditionalCounts!["draft_input_tokens"]);
        Assert.Null(PredictionUsage.From(second.Usage));
    }

    private PredictedOutputChatClient Client(Func<IReadOnlyList<Passage>, IRetriever> retrieverOf) =>
        new(_model, _drafter, new Words(), new DraftContextOptions { LeastTokens = 16, ChunkTokens = 8 }, takesPredictions: true, retrieverOf);

    private PredictedOutputChatClient Client(bool takesPredictions = true) =>
        new(_model, _drafter, new Words(), new DraftContextOptions { LeastTokens = 16, ChunkTokens = 8 }, takesPredictions);

    private sealed class Server(Func<JsonObject, (HttpStatusCode Status, string Body)> reply) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (status, body) = reply(JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!.AsObject());
            return new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        }
    }

    private sealed class Words(bool isDown = false) : ITokenCounter
    {
        public string Name => "words";

        public int Count(ReadOnlySpan<char> text) => isDown ? throw new AgentRagException("The server that counts is down.") : text.ToString().Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Length;
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
