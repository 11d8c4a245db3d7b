using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Models;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class ModelResilienceTests
{
    private const string Key = "sk-very-secret-0123456789";
    private const string Answer = """{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}]}""";

    private readonly ManualTime _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(408), InlineData(429), InlineData(500), InlineData(502), InlineData(503), InlineData(529)]
    public async Task A_status_that_may_pass_is_tried_again(int status)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", status), LoopbackServer.Json("{}", status), LoopbackServer.Json(Answer));

        Assert.Equal("yes", await AskAsync(server));

        Assert.Equal(3, server.Requests.Count);
        Assert.Equal(server.Requests[0].Body, server.Requests[2].Body);
    }

    [Theory]
    [InlineData(400), InlineData(401), InlineData(404), InlineData(422), InlineData(302)]
    public async Task A_status_that_stays_is_not_tried_again(int status)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", status, "Location: http://127.0.0.1:1/"));

        await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server));

        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_account_without_quota_is_not_asked_again()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("""{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}""", 429));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server));

        Assert.Equal($"Chat model at {server.BaseUrl} answered 429 (\"You exceeded your quota\"): the account has no quota left.", fault.Message);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Three_times_503_is_told_with_count_and_time()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("", 503, "Retry-After: 5"), LoopbackServer.Json("", 503, "Retry-After: 7"), LoopbackServer.Json("", 503));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server, options => options with { MaxRetries = 2 }));

        Assert.Equal($"Chat model at {server.BaseUrl} answered 503 three times in 12 s: is it still loading?", fault.Message);
    }

    [Fact]
    public async Task Attempts_that_ended_differently_are_not_counted_as_one_status()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("", 503, "Retry-After: 11"), LoopbackServer.Json("", 400));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server));

        Assert.Equal(
            $"Chat model at {server.BaseUrl} answered 400 at last, tried twice in 11 s: it does not accept this request for model 'small'.", fault.Message);
    }

    [Fact]
    public async Task The_words_of_the_server_are_quoted_on_one_line_and_shortened()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json($$$"""{"error":{"message":"Loading\n  mo\u001bdel {{{new string('x', 500)}}}"}}""", 503));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server, options => options with { MaxRetries = 0 }));

        // 300 characters are quoted, 15 of them "Loading mo del ".
        Assert.Equal($"Chat model at {server.BaseUrl} answered 503 (\"Loading mo del {new string('x', 285)}…\"): is it still loading?", fault.Message);
    }

    [Fact]
    public async Task Retry_after_in_seconds_is_the_wait()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", 429, "Retry-After: 17"), LoopbackServer.Json(Answer));

        await AskAsync(server);

        Assert.Equal([TimeSpan.FromSeconds(17)], _time.Waits);
    }

    [Fact]
    public async Task Retry_after_as_a_date_is_the_wait_from_now()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("{}", 503, $"Retry-After: {_time.Start.AddSeconds(23):R}"), LoopbackServer.Json(Answer));

        await AskAsync(server);

        Assert.Equal([TimeSpan.FromSeconds(23)], _time.Waits);
    }

    [Fact]
    public async Task Retry_after_beyond_the_longest_wait_ends_the_request_at_once()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", 429, "Retry-After: 3600"));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server));

        Assert.Equal(
            $"Chat model at {server.BaseUrl} answered 429: it asks to wait 3600 s, longer than the 30 s that are granted. Try again later.", fault.Message);
        Assert.Empty(_time.Waits);
    }

    [Fact]
    public async Task Back_off_grows_within_its_limit_and_repeats_with_its_seed()
    {
        var waits = await WaitsAsync(seed: 1);

        // Five waits, the means 1, 2, 4, 8, 16 s; jitter keeps each below the limit.
        Assert.Equal(5, waits.Count);
        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(9)));
        Assert.True(waits[4] > waits[0]);
        Assert.Equal(waits, await WaitsAsync(seed: 1));
        Assert.NotEqual(waits, await WaitsAsync(seed: 2));

        static async Task<IReadOnlyList<TimeSpan>> WaitsAsync(int seed)
        {
            await using var server = new LoopbackServer(LoopbackServer.Json("{}", 500));
            var time = new ManualTime();
            using var client = new OpenAICompatibleChatClient(
                Options(server) with { MaxRetries = 5, MaxRetryDelay = TimeSpan.FromSeconds(9), JitterSeed = seed }, timeProvider: time);
            await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync("Hi", cancellationToken: Cancellation));
            return time.Waits;
        }
    }

    [Fact]
    public async Task A_lost_connection_is_tried_again()
    {
        await using var server = new LoopbackServer(LoopbackServer.HangUp(), LoopbackServer.Json(Answer));

        Assert.Equal("yes", await AskAsync(server));
    }

    [Fact]
    public async Task A_connection_that_is_always_lost_is_told()
    {
        await using var server = new LoopbackServer(LoopbackServer.HangUp());

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server));

        Assert.Matches(
            $@"^Chat model at {server.BaseUrl} closed the connection before its reply was whole \(tried four times in [\d.]+ s\): its log should say why\.$",
            fault.Message);
    }

    [Fact]
    public async Task A_refused_connection_says_how_to_start_a_server_or_where_to_point_to_another()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var client = new OpenAICompatibleChatClient(
            new OpenAICompatibleOptions { BaseUrl = new Uri($"http://127.0.0.1:{port}/v1"), Model = "small", MaxRetries = 0 }, timeProvider: _time);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync("Hi", cancellationToken: Cancellation));

        Assert.Equal(
            $"Chat model at http://127.0.0.1:{port}/v1 cannot be reached: nothing answers there. Start the server, for instance with 'ollama serve' or "
            + "'llama-server -m model.gguf', or set --base-url to where it runs.",
            fault.Message);
    }

    [Theory]
    [InlineData(401, true, "it refused the key in MY_KEY. Set one that is valid for this server and model.")]
    [InlineData(403, true, "it refused the key in MY_KEY. Set one that is valid for this server and model.")]
    [InlineData(401, false, "it wants a key and none is set. Set MY_KEY.")]
    public async Task A_refused_key_is_named_by_its_setting_and_never_shown_even_if_the_server_repeats_it(int status, bool hasKey, string advice)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(
            new JsonObject { ["error"] = new JsonObject { ["message"] = $"Incorrect API key provided: {Key}." } }.ToJsonString(), status));

        var fault = await Assert.ThrowsAsync<AgentRagException>(
            () => AskAsync(server, options => options with { ApiKey = hasKey ? Key : null, ApiKeySetting = "MY_KEY" }));

        if (hasKey)
        {
            Assert.Equal($"Chat model at {server.BaseUrl} answered {status} (\"Incorrect API key provided: ***.\"): {advice}", fault.Message);
            Assert.DoesNotContain(Key, fault.ToString(), StringComparison.Ordinal);
        }
        else
        {
            Assert.EndsWith(advice, fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(200, "wrong key " + Key)]
    [InlineData(200, """{"error":{"message":"wrong key sk-very-secret-0123456789"}}""")]
    [InlineData(500, "wrong key " + Key)]
    [InlineData(400, """{"detail":[{"input":"sk-very-secret-0123456789"}]}""")]
    public async Task The_key_is_cut_out_of_whatever_the_server_sends(int status, string body)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(body, status));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server, options => options with { ApiKey = Key }));

        Assert.Contains("***", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k", "too many tokens")] // a placeholder for a local server
    [InlineData("sk-7890", "sk-7890 has no tokens")]
    [InlineData("sk-78901", "*** has no tokens")]
    public async Task Only_a_key_long_enough_to_be_a_secret_is_cut_out(string key, string shown)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(
            new JsonObject { ["error"] = shown.Replace("***", key, StringComparison.Ordinal) }.ToJsonString(), 400));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server, options => options with { ApiKey = key }));

        Assert.Contains($"(\"{shown}\")", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Not_found_names_the_model_and_the_base_url()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("""{"error":"model 'small' not found"}""", 404));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => AskAsync(server));

        Assert.Equal(
            $"Chat model at {server.BaseUrl} answered 404 (\"model 'small' not found\"): does it serve a model named 'small', "
            + $"and is {server.BaseUrl} the right --base-url (most end in /v1)?",
            fault.Message);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task An_attempt_that_takes_too_long_is_a_fault_and_no_cancellation(bool streaming)
    {
        // The stream begins, with a comment, but its first piece never comes.
        await using var server = new LoopbackServer(LoopbackServer.Silence(streaming ? LoopbackServer.Events(": keep-alive\n\n", null) : null));
        using var client = new OpenAICompatibleChatClient(Options(server), timeProvider: _time);
        var asking = streaming
            ? client.GetStreamingResponseAsync("Hi", cancellationToken: Cancellation).ToChatResponseAsync(Cancellation)
            : client.GetResponseAsync("Hi", cancellationToken: Cancellation);
        await server.RequestArrivedAsync();

        _time.Advance(TimeSpan.FromSeconds(100));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => asking);
        Assert.Equal(
            $"Chat model at {server.BaseUrl} did not answer within 100 s (AttemptTimeout): is the model too large for the machine? "
            + "Raise the time-out or shorten the request.",
            fault.Message);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task All_attempts_together_have_a_limit_too()
    {
        // Waits of 30 s: after four of them 120 s have passed and the fifth attempt is under way.
        var busy = LoopbackServer.Json("""{"error":{"message":"busy"}}""", 503, "Retry-After: 30");
        await using var server = new LoopbackServer(busy, busy, busy, busy, LoopbackServer.Silence());
        var asking = AskAsync(server, options => options with { MaxRetries = 9, OverallTimeout = TimeSpan.FromSeconds(150) });
        for (var request = 0; request < 5; request++)
        {
            await server.RequestArrivedAsync();
        }

        _time.Advance(TimeSpan.FromSeconds(30));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => asking);
        Assert.Equal(
            $"Chat model at {server.BaseUrl} gave no reply within 150 s (OverallTimeout), tried five times, at last with status 503 (\"busy\"): "
            + "raise the time-out or try again later.",
            fault.Message);
    }

    [Fact]
    public async Task The_time_out_of_a_given_http_client_is_a_fault_as_well()
    {
        await using var server = new LoopbackServer(LoopbackServer.Silence());
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMilliseconds(1) };
        using var client = new OpenAICompatibleChatClient(Options(server), http, _time);

        await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync("Hi", cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_stream_that_falls_silent_is_a_fault()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Silence(LoopbackServer.Events("data: {\"choices\":[{\"delta\":{\"content\":\"Zü\"}}]}\n\n", null)));
        using var client = new OpenAICompatibleChatClient(Options(server), timeProvider: _time);
        await using var updates = client.GetStreamingResponseAsync("Hi", cancellationToken: Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await updates.MoveNextAsync());

        // The reader may take its time; only the server's silence counts.
        _time.Advance(TimeSpan.FromHours(1));
        var next = updates.MoveNextAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(100));

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => next);
        Assert.Contains("did not answer within 100 s (AttemptTimeout)", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task Cancelling_passes_through_while_the_reply_is_awaited(bool streaming)
    {
        await using var server = new LoopbackServer(LoopbackServer.Silence());
        using var client = new OpenAICompatibleChatClient(Options(server), timeProvider: _time);
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var asking = streaming
            ? client.GetStreamingResponseAsync("Hi", cancellationToken: cancelling.Token).ToChatResponseAsync(CancellationToken.None)
            : client.GetResponseAsync("Hi", cancellationToken: cancelling.Token);
        await server.RequestArrivedAsync();

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Cancelling_passes_through_in_the_middle_of_a_stream()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Silence(LoopbackServer.Events("data: {\"choices\":[{\"delta\":{\"content\":\"Zü\"}}]}\n\n", null)));
        using var client = new OpenAICompatibleChatClient(Options(server), timeProvider: _time);
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await using var updates = client.GetStreamingResponseAsync("Hi", cancellationToken: cancelling.Token).GetAsyncEnumerator(Cancellation);
        Assert.True(await updates.MoveNextAsync());
        var next = updates.MoveNextAsync().AsTask();

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public void Options_show_no_key_in_text_or_json()
    {
        var options = new OpenAICompatibleOptions { Model = "small", ApiKey = Key, BaseUrl = new Uri("http://127.0.0.1:8080/v1/?sig=hidden") };

        Assert.Equal(
            "OpenAICompatibleOptions { BaseUrl = http://127.0.0.1:8080/v1, Model = small, ApiKey = set, MaxTokensField = ByHost, StepControl = Auto, "
            + "AttemptTimeout = 00:01:40, OverallTimeout = 00:05:00, MaxRetries = 3 }",
            options.ToString());
        Assert.DoesNotContain(Key, JsonSerializer.Serialize(options), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, new ChatModelOptions { ApiKey = Key }.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, JsonSerializer.Serialize(new ChatModelOptions { ApiKey = Key }), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_make_no_sense_are_all_named_without_the_key()
    {
        var options = new OpenAICompatibleOptions
        {
            BaseUrl = new Uri("ftp://user:word@host/v1"),
            Model = " ",
            ApiKey = "two words",
            OverallTimeout = TimeSpan.FromSeconds(100),
            MaxRetries = 21,
            RetryDelay = TimeSpan.FromMinutes(1),
            EmbeddingBatchSize = 0,
            EmbeddingDimensions = 0,
        };

        var fault = Assert.Throws<AgentRagException>(options.Validated);

        Assert.Equal(
            "Model endpoint: BaseUrl is 'ftp://host/v1', must begin with http:// or https://; "
            + "BaseUrl holds a user name or password, which would show in messages: use ApiKey; "
            + "Model is empty, must name a model of the server; "
            + "ApiKey holds blanks, line ends or characters outside ASCII, which no header can carry; "
            + "OverallTimeout is 00:01:40, must be longer than AttemptTimeout (00:01:40) and at most 24 h; "
            + "MaxRetries is 21, must be in [0, 20]; "
            + "RetryDelay is 00:01:00, must be in (0, MaxRetryDelay = 00:00:30]; "
            + "EmbeddingBatchSize is 0, must be in [1, 2048]; "
            + "EmbeddingDimensions is 0, must be at least 1.",
            fault.Message);
    }

    private static OpenAICompatibleOptions Options(LoopbackServer server) => new() { BaseUrl = server.BaseUrl, Model = "small" };

    private async Task<string> AskAsync(LoopbackServer server, Func<OpenAICompatibleOptions, OpenAICompatibleOptions>? change = null)
    {
        using var client = new OpenAICompatibleChatClient(change?.Invoke(Options(server)) ?? Options(server), timeProvider: _time);
        return (await client.GetResponseAsync("Hi", cancellationToken: Cancellation)).Text;
    }
}
