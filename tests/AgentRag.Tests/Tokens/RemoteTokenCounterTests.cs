using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AgentRag.Tokens;
using AgentRag.Tokens.Remote;
using Xunit;

namespace AgentRag.Tests.Tokens;

/// <summary>A server that counts a token for each word, and for Anthropic's endpoint seven more for the message.</summary>
public sealed class RemoteTokenCounterTests
{
    private const string Text = "one two three four";

    [Theory]
    [InlineData(RemoteTokenizer.LlamaCpp, "http://127.0.0.1:1/tokenize", "content")]
    [InlineData(RemoteTokenizer.Vllm, "http://127.0.0.1:1/tokenize", "prompt")]
    [InlineData(RemoteTokenizer.Anthropic, "http://127.0.0.1:1/v1/messages/count_tokens", "messages")]
    public void A_text_is_counted_by_the_server_once(RemoteTokenizer kind, string url, string field)
    {
        using var server = new WordServer();
        using var counter = Counter(kind, server);

        Assert.Equal((4, 4, 0), (counter.Count(Text), counter.Count(Text), counter.Count("")));

        Assert.All(server.Requests, request => Assert.Equal(url, request.Url));
        Assert.Single(server.Requests, request => request.Body[field]!.ToJsonString().Contains(Text, StringComparison.Ordinal));
        Assert.Equal(0, counter.EstimatedTexts);
    }

    [Fact]
    public void What_the_message_takes_is_its_chat_templates_not_the_texts()
    {
        using var server = new WordServer();
        using var counter = Counter(RemoteTokenizer.Anthropic, server);

        Assert.Equal(4, counter.Count(Text));
        Assert.Equal(2 * 7, counter.ChatTemplate.Of(messages: 2));
    }

    [Fact]
    public async Task A_server_that_fails_is_left_alone_for_a_while_and_texts_are_estimated()
    {
        using var server = new WordServer { Status = HttpStatusCode.InternalServerError };
        using var counter = Counter(RemoteTokenizer.LlamaCpp, server);
        var estimate = new EstimatingTokenCounter().Count(Text);

        Assert.Equal((estimate, estimate), (counter.Count(Text), await counter.CountAsync("one two three five", TestContext.Current.CancellationToken)));

        Assert.Single(server.Requests);
        Assert.Equal(2, counter.EstimatedTexts);
        Assert.NotNull(counter.LastFault);
    }

    private static RemoteTokenCounter Counter(RemoteTokenizer kind, WordServer server) =>
        new(new RemoteTokenCounterOptions { Tokenizer = kind, BaseUrl = new Uri("http://127.0.0.1:1/v1"), Model = "m" }, new HttpClient(server, disposeHandler: false));

    private sealed class WordServer : HttpMessageHandler
    {
        public List<(string Url, JsonObject Body)> Requests { get; } = [];

        public HttpStatusCode Status { get; init; } = HttpStatusCode.OK;

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var reader = new StreamReader(request.Content!.ReadAsStream(cancellationToken));
            var body = JsonNode.Parse(reader.ReadToEnd())!.AsObject();
            Requests.Add((request.RequestUri!.ToString(), body));
            var reply = body["messages"] is { } messages ? new JsonObject { ["input_tokens"] = 7 + Words(messages[0]!["content"]!) }
                : body["content"] is { } content ? new JsonObject { ["tokens"] = Ids(content) }
                : new JsonObject { ["count"] = Words(body["prompt"]!), ["tokens"] = Ids(body["prompt"]!) };
            return new HttpResponseMessage(Status) { Content = new StringContent(reply.ToJsonString(), Encoding.UTF8, "application/json") };
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));

        private static int Words(JsonNode text) => text.GetValue<string>().Split(' ').Length;

        private static JsonArray Ids(JsonNode text) => [.. Enumerable.Range(0, Words(text)).Select(id => JsonValue.Create(id))];
    }
}
