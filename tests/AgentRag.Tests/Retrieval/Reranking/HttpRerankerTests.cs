using System.Text.Json;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Reranking;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Xunit;

namespace AgentRag.Tests.Retrieval.Reranking;

public sealed class HttpRerankerTests
{
    private readonly ManualTime _time = new(TimeSpan.FromSeconds(30));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static RankedPassage[] Passages(int count, bool explained = false) =>
    [
        .. Enumerable.Range(1, count).Select(i => new RankedPassage(
            TestPassages.Passage($"p{i}", $"text {i}", title: $"title {i}"), i, 1.0 / i, explained ? new(1.0 / i, "first", []) : null)),
    ];

    [Fact]
    public async Task Cohere_form_is_asked_and_read()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("""{"id":"x","results":[{"index":2,"relevance_score":0.9},{"index":0,"relevance_score":0.25}],"meta":{}}"""));
        using var reranker = Reranker(server, options => options with { Model = "rerank-small", ApiKey = "the-secret-key" });

        var ranked = await reranker.RerankAsync("which?", Passages(3, explained: true), topK: 2, Cancellation);

        Assert.Equal(
            """{"query":"which?","documents":["title 1\ntext 1","title 2\ntext 2","title 3\ntext 3"],"top_n":2,"model":"rerank-small"}""", server.Requests[0].Body);
        Assert.StartsWith("POST /v1/rerank ", server.Requests[0].Line, StringComparison.Ordinal);
        Assert.Equal("Bearer the-secret-key", server.Requests[0].Headers["Authorization"]);
        Assert.Equal([("p3#0", 1, 0.9), ("p1#0", 2, 0.25)], ranked.Select(passage => (passage.Passage.Id, passage.Rank, passage.Score)));
        Assert.Equal("reranked by http, rank 3 before", ranked[0].Explanation!.Description);
        Assert.Equal("first", ranked[0].Explanation!.Parts.Single().Description);
    }

    [Fact]
    public async Task Text_embeddings_inference_form_is_asked_and_read()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("""[{"index":1,"score":-0.5},{"index":0,"score":-3}]"""));
        using var reranker = Reranker(server, options => options with { Form = RerankForm.Texts });

        var ranked = await reranker.RerankAsync("which?", Passages(2), topK: 10, Cancellation);

        Assert.Equal("""{"query":"which?","texts":["title 1\ntext 1","title 2\ntext 2"],"truncate":true}""", server.Requests[0].Body);
        Assert.False(server.Requests[0].Headers.ContainsKey("Authorization"));
        Assert.Equal([("p2#0", -0.5), ("p1#0", -3.0)], ranked.Select(passage => (passage.Passage.Id, passage.Score)));
        Assert.All(ranked, passage => Assert.Null(passage.Explanation));
    }

    [Fact]
    public async Task Batches_are_ranked_together_and_equal_scores_keep_their_order()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("""{"results":[{"index":0,"relevance_score":0.5},{"index":1,"relevance_score":0.1}]}"""),
            LoopbackServer.Json("""{"results":[{"index":1,"relevance_score":0.8},{"index":0,"relevance_score":0.5}]}"""),
            LoopbackServer.Json("""{"results":[{"index":0,"relevance_score":0.5}]}"""));
        using var reranker = Reranker(server, options => options with { BatchSize = 2 });

        var ranked = await reranker.RerankAsync("which?", Passages(5), topK: 4, Cancellation);

        Assert.Equal(["p4#0", "p1#0", "p3#0", "p5#0"], ranked.Select(passage => passage.Passage.Id));
        Assert.Equal([1, 2, 3, 4], ranked.Select(passage => passage.Rank));
    }

    [Fact]
    public async Task Nothing_to_rank_asks_nothing()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}"));
        using var reranker = Reranker(server);

        Assert.Empty(await reranker.RerankAsync("which?", [], topK: 3, Cancellation));
        Assert.Empty(await reranker.RerankAsync("which?", Passages(2), topK: 0, Cancellation));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("""{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":1}]}""", "the index 0 of a result is out of range or there twice, for 2 passages")]
    [InlineData("""{"results":[{"index":2,"relevance_score":1}]}""", "the index 2 of a result is out of range or there twice, for 2 passages")]
    [InlineData("""{"results":[{"index":1,"relevance_score":"high"}]}""", "the result of index 1 has no score")]
    [InlineData("""{"results":[{"relevance_score":1}]}""", "a result has no index")]
    [InlineData("""{"results":[{"index":1,"relevance_score":1}]}""", "it has 1 results where 2 were asked for")]
    [InlineData("""{"data":[]}""", "it has 0 results where 2 were asked for")]
    public async Task A_reply_that_does_not_fit_is_refused(string reply, string problem)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(reply));
        using var reranker = Reranker(server);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => reranker.RerankAsync("which?", Passages(2), topK: 2, Cancellation));

        Assert.Equal($"Reranker at {server.BaseUrl}/rerank sent a reply that cannot be used: {problem}.", fault.Message);
    }

    [Fact]
    public async Task Refusals_are_told_with_the_way_out_and_without_the_key()
    {
        await using var key = new LoopbackServer(LoopbackServer.Json("""{"message":"no key like the-secret-key"}""", 401));
        await using var missing = new LoopbackServer(LoopbackServer.Json("""{"detail":"Not Found"}""", 404));
        await using var large = new LoopbackServer(LoopbackServer.Json("""{"error":"batch size 40 > maximum allowed batch size 32","error_type":"Validation"}""", 422));

        await FaultAsync(key, " answered 401 (\"no key like ***\"): it refused the key in RERANK_API_KEY. Set one that is valid for this server and for what is asked of it.");
        await FaultAsync(missing, " answered 404 (\"Not Found\"): is this the endpoint's whole URL (most end in /rerank), and is the model's name right?");
        await FaultAsync(
            large,
            " answered 422 (\"batch size 40 > maximum allowed batch size 32\"): does it speak the form Documents, and take 32 passages at a time (BatchSize)?");

        async Task FaultAsync(LoopbackServer server, string expected)
        {
            using var reranker = Reranker(server, options => options with { ApiKey = "the-secret-key" });
            var fault = await Assert.ThrowsAsync<AgentRagException>(() => reranker.RerankAsync("which?", Passages(2), topK: 2, Cancellation));
            Assert.Equal($"Reranker at {server.BaseUrl}/rerank{expected}", fault.Message);
        }
    }

    [Fact]
    public async Task A_busy_server_is_asked_again()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("{}", 429, "Retry-After: 3"), LoopbackServer.Json("""{"results":[{"index":0,"relevance_score":1}]}"""));
        using var reranker = Reranker(server);

        Assert.Single(await reranker.RerankAsync("which?", Passages(1), topK: 1, Cancellation));
        Assert.Equal([TimeSpan.FromSeconds(3)], _time.Waits);
    }

    [Fact]
    public void The_key_is_part_of_no_text()
    {
        HttpRerankerOptions options = new() { Url = new("https://user-less.example/rerank"), ApiKey = "the-secret-key" };

        Assert.DoesNotContain("the-secret-key", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("the-secret-key", JsonSerializer.Serialize(options), StringComparison.Ordinal);
        Assert.Equal(
            "Reranker: Url holds a user name or password, which would show in messages: use ApiKey; BatchSize is 0, must be in [1, 1000].",
            Assert.Throws<AgentRagException>(() => new HttpReranker(new() { Url = new("https://a:b@host/rerank"), BatchSize = 0 })).Message);
    }

    private HttpReranker Reranker(LoopbackServer server, Func<HttpRerankerOptions, HttpRerankerOptions>? change = null)
    {
        HttpRerankerOptions options = new() { Url = new($"{server.BaseUrl}/rerank") };
        return new HttpReranker(change?.Invoke(options) ?? options, timeProvider: _time);
    }
}
