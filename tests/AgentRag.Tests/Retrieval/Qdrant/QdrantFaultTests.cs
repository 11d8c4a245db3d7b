using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using AgentRag.Indexing;
using AgentRag.Retrieval.Qdrant;
using AgentRag.Tests.Models;
using Xunit;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>Servers that fail, are slow, are away, or are no Qdrant: the exact words.</summary>
public sealed class QdrantFaultTests
{
    private static readonly QdrantSettings Settings = new() { Analyzer = AnalyzerOptions.English, Bm25 = new(), MeanPassageTerms = 10 };

    private static readonly string Collection = Describe(Settings.ToMetadata());

    private readonly ManualTime _time = new(TimeSpan.FromSeconds(30));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(408), InlineData(429), InlineData(500), InlineData(502), InlineData(503), InlineData(504)]
    public async Task A_status_that_may_pass_is_tried_again(int status)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", status), LoopbackServer.Json("{}", status), LoopbackServer.Json(Collection));

        using var index = await OpenAsync(server.BaseUrl);

        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Retry_after_is_the_wait_and_a_long_one_ends_the_request()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", 429, "Retry-After: 17"), LoopbackServer.Json("{}", 429, "Retry-After: 3600"));

        await FaultAsync(
            $"Qdrant at {server.BaseUrl} answered 429 twice in 17 s: it asks to wait 3600 s, longer than the 30 s that are granted. Try again later.", server.BaseUrl);

        Assert.Equal([TimeSpan.FromSeconds(17)], _time.Waits);
    }

    [Fact]
    public async Task A_server_that_stays_broken_is_told_with_count_and_time()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("""{"status":{"error":"Service internal error: disk full"},"time":0}""", 500, "Retry-After: 6"));

        await FaultAsync(
            $"Qdrant at {server.BaseUrl} answered 500 (\"Service internal error: disk full\") five times in 24 s: its log should say why.", server.BaseUrl);
    }

    [Fact]
    public async Task A_server_that_is_starting_is_told_as_such()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("", 503));

        await FaultAsync($"Qdrant at {server.BaseUrl} answered 503: is it still starting?", server.BaseUrl, options => options with { Requests = new() { MaxRetries = 0 } });
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_ends_the_request()
    {
        await using var server = new LoopbackServer(LoopbackServer.Silence());

        var opening = OpenAsync(server.BaseUrl);
        await server.RequestArrivedAsync();
        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(
            $"Qdrant at {server.BaseUrl} did not answer within 60 s (AttemptTimeout): raise the time-out or send less at a time.",
            (await Assert.ThrowsAsync<AgentRagException>(() => opening)).Message);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_port_where_nothing_listens_is_told_with_the_way_out()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Uri url = new($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
        probe.Stop();

        await FaultAsync(
            $"Qdrant at {url.ToString().TrimEnd('/')} cannot be reached: nothing answers there. "
            + "Start it, for instance with 'docker run -p 6333:6333 qdrant/qdrant', or set the URL to where it runs.",
            url,
            options => options with { Requests = new() { MaxRetries = 0 } });
    }

    [Fact]
    public async Task A_connection_that_breaks_is_tried_again()
    {
        await using var server = new LoopbackServer(LoopbackServer.HangUp(), LoopbackServer.Json(Collection));

        using var index = await OpenAsync(server.BaseUrl);

        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_is_no_Qdrant_is_not_taken_for_an_empty_one()
    {
        await using var page = new LoopbackServer(LoopbackServer.Json("<html>Not Found</html>", 404));
        await using var text = new LoopbackServer(LoopbackServer.Json("<html>Welcome</html>"));
        await using var other = new LoopbackServer(LoopbackServer.Json("[]"));

        await FaultAsync($"Qdrant at {page.BaseUrl} answered 404: upload passages into collection 'wiki' first, or check its name and the URL.", page.BaseUrl);
        await FaultAsync($"Qdrant at {text.BaseUrl} sent a reply that is not JSON (\"<html>Welcome</html>\"): is the URL right?", text.BaseUrl);
        await FaultAsync($"Qdrant at {other.BaseUrl} sent a reply that cannot be used: a collection's description has no config.", other.BaseUrl);
    }

    [Theory]
    [InlineData("analyzer", true), InlineData("analyzer", false), InlineData("", true)]
    public async Task Settings_with_a_field_more_or_less_are_another_versions(string within, bool more)
    {
        var metadata = Settings.ToMetadata();
        var changed = (within.Length == 0 ? metadata : metadata[within]!).AsObject();
        _ = more ? changed.TryAdd("bigrams", true) : changed.Remove("stem");
        await using var server = new LoopbackServer(LoopbackServer.Json(Describe(metadata)));

        await FaultAsync(
            $"Collection 'wiki' at {server.BaseUrl} does not say what its vectors were made with (metadata 'agentrag', format 2): it was made by another program or version, "
            + "or the server is older than Qdrant 1.16. Choose another collection name, or delete it and upload anew.",
            server.BaseUrl);
    }

    [Fact]
    public async Task A_request_with_its_retries_is_bounded_as_a_whole()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("", 503, "Retry-After: 25"));

        // Attempts at 0, 25, 50 and 75 s; the fifth would be at 100 s.
        await FaultAsync(
            $"Qdrant at {server.BaseUrl} gave no reply within 90 s (OverallTimeout), tried four times, at last with status 503: raise the time-out or try again later.",
            server.BaseUrl,
            options => options with { Requests = new() { OverallTimeout = TimeSpan.FromSeconds(90), MaxRetries = 9 } });
    }

    [Fact]
    public async Task A_redirect_is_not_followed_with_the_key()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("", 307, "Location: http://127.0.0.1:1/"));

        await FaultAsync($"Qdrant at {server.BaseUrl} answered 307: it redirects elsewhere. Set the URL to the final address.", server.BaseUrl, options => options with { ApiKey = "k" });
    }

    [Fact]
    public async Task A_cancelled_request_ends_as_cancelled()
    {
        await using var server = new LoopbackServer(LoopbackServer.Silence());
        using CancellationTokenSource cancel = new();

        var opening = QdrantIndex.OpenAsync(new QdrantOptions { Url = server.BaseUrl, Collection = "wiki" }, timeProvider: _time, cancellationToken: cancel.Token);
        await server.RequestArrivedAsync();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    [Fact]
    public void Options_out_of_range_are_all_named()
    {
        var fault = Assert.Throws<AgentRagException>(() => new QdrantOptions
        {
            Url = new Uri("ftp://host/"),
            Collection = "a/b",
            ApiKey = "two words",
            BatchSize = 0,
            ReadConsistency = "most",
            Requests = new() { MaxRetries = 21 },
        }.Validated());

        Assert.Equal(
            "Qdrant: Url is 'ftp://host', must begin with http:// or https://; ApiKey holds blanks, line ends or characters outside ASCII, which no header can carry; "
            + "MaxRetries is 21, must be in [0, 20]; Collection is 'a/b', must be a name of 1 to 255 characters without < > : \" / \\ | ? *; "
            + "BatchSize is 0, must be in [1, 1000]; ReadConsistency is 'most', must be majority, quorum, all or a number of at least 1.",
            fault.Message);
        Assert.Equal(
            "Qdrant collection: MeanPassageTerms is 0, must be greater than 0; ShardNumber is 0, must be at least 1; "
            + "WriteConsistencyFactor is 3, must be at least 1 and at most ReplicationFactor (2).",
            Assert.Throws<AgentRagException>(
                () => new QdrantCollectionOptions { MeanPassageTerms = 0, ShardNumber = 0, ReplicationFactor = 2, WriteConsistencyFactor = 3 }.Validated()).Message);
    }

    private static string Describe(JsonNode metadata) =>
        $$$$"""
        {"result":{"config":{"params":{"vectors":{},"sparse_vectors":{"bm25":{"modifier":"idf"}}},"metadata":{"agentrag": {{{{metadata}}}} }}},"status":"ok"}
        """;

    private Task<QdrantIndex> OpenAsync(Uri url, Func<QdrantOptions, QdrantOptions>? change = null)
    {
        QdrantOptions options = new() { Url = url, Collection = "wiki" };
        return QdrantIndex.OpenAsync(change?.Invoke(options) ?? options, timeProvider: _time, cancellationToken: Cancellation);
    }

    private async Task FaultAsync(string expected, Uri url, Func<QdrantOptions, QdrantOptions>? change = null) =>
        Assert.Equal(expected, (await Assert.ThrowsAsync<AgentRagException>(() => OpenAsync(url, change))).Message);
}
