using System.Net;
using System.Text;
using System.Text.Json;
using AgentRag.Cli;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>The client of Anthropic's package against a server on this machine that answers from a script.</summary>
public sealed class AnthropicModelTests
{
    private const string Reply =
        """
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-test","content":[{"type":"text","text":"Ada Venn [1]"}],
         "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"cache_read_input_tokens":5,"output_tokens":4}}
        """;

    private static readonly ChatOptions Options = new() { Temperature = 0, MaxOutputTokens = 64, StopSequences = ["\n", "END"] };

    [Fact]
    public async Task A_request_carries_the_key_the_cap_and_only_stop_sequences_the_service_takes()
    {
        using var server = new ScriptedServer((200, Reply));
        using var model = Create(server);

        var response = await model.GetResponseAsync("Who?", Options, TestContext.Current.CancellationToken);

        Assert.Equal("Ada Venn [1]", response.Text);
        Assert.Equal(17, response.Usage?.InputTokenCount); // 12 new and 5 from the cache
        var (headers, body) = Assert.Single(server.Requests);
        Assert.Equal("Bearer test-key", headers["authorization"]);
        Assert.Equal(64, body.GetProperty("max_tokens").GetInt32());
        Assert.Equal("END", Assert.Single(body.GetProperty("stop_sequences").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Stop_sequences_of_white_space_alone_are_not_sent_at_all()
    {
        using var server = new ScriptedServer((200, Reply));
        using var model = Create(server);

        await model.GetResponseAsync("Who?", new ChatOptions { StopSequences = ["\n"] }, TestContext.Current.CancellationToken);

        Assert.True(!server.Requests[0].Body.TryGetProperty("stop_sequences", out var stops) || stops.GetArrayLength() == 0);
    }

    [Fact]
    public async Task The_beginnings_that_later_requests_share_are_marked_for_the_cache()
    {
        using var server = new ScriptedServer((200, Reply), (200, Reply), (200, Reply));
        using var model = Create(server);
        var one = Prompt(PromptName.IterDragStep, batches: 1);
        var six = Prompt(PromptName.IterDragStep, batches: 6);
        var onePass = Prompt(PromptName.Drag, batches: 1);
        var answer = new ChatOptions();
        new GroundedRequest { Task = GroundedTask.Answer, Question = "Who?", Passages = [new GroundedPassage(1, "p1", "t", "text 1")] }.AttachTo(answer);

        await model.GetResponseAsync(one.Messages, Options, TestContext.Current.CancellationToken);
        await model.GetResponseAsync(six.Messages, Options, TestContext.Current.CancellationToken);
        await model.GetResponseAsync(onePass.Messages, answer, TestContext.Current.CancellationToken);

        var (first, later, single) = (Blocks(0), Blocks(1), Blocks(2));
        Assert.Equal(one.User, string.Concat(first.Select(block => block.Text)));
        Assert.Equal(six.User, string.Concat(later.Select(block => block.Text)));
        Assert.Equal(first[..2].Select(block => block.Text), later[..2].Select(block => block.Text)); // the same blocks, or the cache would not find them
        Assert.Equal([true, true, false], first.Select(block => block.IsMarked)); // demonstrations, passages; not the question
        Assert.Equal([true, false, false, false, true, true, true, false], later.Select(block => block.IsMarked)); // four at most
        Assert.Equal([true, false, false], single.Select(block => block.IsMarked)); // one pass shows its passages once

        List<(string Text, bool IsMarked)> Blocks(int request) =>
        [
            .. server.Requests[request].Body.GetProperty("messages")[0].GetProperty("content").EnumerateArray()
                .Select(block => (
                    block.GetProperty("text").GetString()!,
                    block.TryGetProperty("cache_control", out var mark) && mark.ValueKind == JsonValueKind.Object && mark.GetProperty("type").GetString() == "ephemeral")),
        ];
    }

    [Fact]
    public async Task A_streamed_request_is_adapted_and_its_faults_are_told_alike()
    {
        using var server = new ScriptedServer((401, Error("authentication_error", "no")));
        using var model = Create(server);

        var error = await Assert.ThrowsAsync<AgentRagException>(async () =>
        {
            await foreach (var update in model.GetStreamingResponseAsync("Who?", Options, TestContext.Current.CancellationToken))
            {
                Assert.Fail($"There is no reply, but '{update.Text}' came.");
            }
        });

        Assert.Equal("Chat model 'anthropic:claude-test' refused the key: check ANTHROPIC_API_KEY.", error.Message);
        Assert.Equal("END", Assert.Single(server.Requests[0].Body.GetProperty("stop_sequences").EnumerateArray()).GetString());
    }

    [Theory]
    [InlineData(401, "authentication_error", "Chat model 'anthropic:claude-test' refused the key: check ANTHROPIC_API_KEY.")]
    [InlineData(404, "not_found_error", "Chat model 'anthropic:claude-test' does not exist: check the name behind 'anthropic:'.")]
    public async Task A_fault_of_the_user_is_told_in_plain_words(int status, string type, string expected)
    {
        using var server = new ScriptedServer((status, Error(type, "no")));
        using var model = Create(server);

        var error = await Assert.ThrowsAsync<AgentRagException>(() => model.GetResponseAsync("Who?", Options, TestContext.Current.CancellationToken));

        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public async Task A_message_that_repeats_the_key_is_shown_without_it()
    {
        using var server = new ScriptedServer((400, Error("invalid_request_error", "test-key may not do this")));
        using var model = Create(server);

        var error = await Assert.ThrowsAsync<AgentRagException>(() => model.GetResponseAsync("Who?", Options, TestContext.Current.CancellationToken));

        Assert.StartsWith("Chat model 'anthropic:claude-test' failed: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("test-key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_too_short_to_be_a_secret_leaves_the_words_of_a_message_whole()
    {
        using var server = new ScriptedServer((400, Error("invalid_request_error", "too many tokens")));
        using var model = Create(server, key: "k");

        var error = await Assert.ThrowsAsync<AgentRagException>(() => model.GetResponseAsync("Who?", Options, TestContext.Current.CancellationToken));

        Assert.Contains("too many tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_key_the_message_names_the_variable() => Assert.Equal(
        "Model 'anthropic:claude-test' needs a key: set ANTHROPIC_API_KEY.",
        Assert.Throws<AgentRagException>(() => AnthropicModel.Create(ModelName.Parse("anthropic:claude-test"), new ChatModelOptions())).Message);

    private static RenderedPrompt Prompt(PromptName name, int batches) => PromptLibrary.Default.Get(name).Render(
        new PromptContent
        {
            Question = "Who?",
            Passages =
            [
                .. Enumerable.Range(1, batches).Select(batch => new NumberedPassage(batch, batch - 1, 1, new Passage
                {
                    Id = $"p{batch}", DocumentId = "d", Title = "t", Source = "s", Start = 0, End = 6, Text = $"text {batch}", ContentHash = "", TokenCount = 2,
                })),
            ],
            Demonstrations = [new PreparedDemonstration(new Demonstration { Id = "d", Question = "q", Answer = "a", Steps = [], Supporting = [] }, [])],
        },
        new EstimatingTokenCounter());

    private static IChatClient Create(ScriptedServer server, string key = "test-key") => AnthropicModel.Create(
        ModelName.Parse("anthropic:claude-test"), new ChatModelOptions { ApiKey = key, BaseUrl = server.Url, MaxRetries = 0 });

    private static string Error(string type, string message) => JsonSerializer.Serialize(new { type = "error", error = new { type, message } });

    /// <summary>Gives its replies in order and keeps what was asked.</summary>
    private sealed class ScriptedServer : IDisposable
    {
        private readonly HttpListener _listener = new();

        public ScriptedServer(params (int Status, string Body)[] replies)
        {
            // HttpListener takes no port 0: ask the system for a free one first.
            using (var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
            }

            _listener.Prefixes.Add($"{Url}/");
            _listener.Start();
            _ = ServeAsync(replies);
        }

        public string Url { get; }

        public List<(Dictionary<string, string> Headers, JsonElement Body)> Requests { get; } = [];

        public void Dispose() => _listener.Close();

        private async Task ServeAsync((int Status, string Body)[] replies)
        {
            foreach (var (status, body) in replies)
            {
                var context = await _listener.GetContextAsync();
                using var request = await JsonDocument.ParseAsync(context.Request.InputStream);
                Requests.Add((
                    context.Request.Headers.AllKeys.OfType<string>().ToDictionary(name => name.ToLowerInvariant(), name => context.Request.Headers[name]!),
                    request.RootElement.Clone()));
                context.Response.StatusCode = status;
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
                context.Response.Close();
            }
        }
    }
}
