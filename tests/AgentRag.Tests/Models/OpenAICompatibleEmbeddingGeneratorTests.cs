using System.Text.Json.Nodes;
using AgentRag.Models;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class OpenAICompatibleEmbeddingGeneratorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Texts_go_out_in_batches_and_vectors_come_back_in_the_order_of_the_texts()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("""{"model":"e-1","data":[{"index":1,"embedding":[2,0.5]},{"index":0,"embedding":[1,-1e-2]}],"usage":{"prompt_tokens":7,"total_tokens":7}}"""),
            LoopbackServer.Json("""{"data":[{"embedding":[3,3]}],"usage":{"prompt_tokens":4,"total_tokens":4}}"""));
        using var generator = Generator(server, options => options with { EmbeddingBatchSize = 2, EmbeddingDimensions = 2 });

        var embeddings = await generator.GenerateAsync(["one", "two", "drei ü"], cancellationToken: Cancellation);

        Assert.Equal([[1, -0.01f], [2, 0.5f], [3, 3]], embeddings.Select(embedding => embedding.Vector.ToArray()));
        Assert.Equal(["e-1", "e-1", "embed"], embeddings.Select(embedding => embedding.ModelId));
        Assert.Equal((11, 11), (embeddings.Usage?.InputTokenCount, embeddings.Usage?.TotalTokenCount));
        Assert.All(server.Requests, request => Assert.Equal("POST /v1/embeddings HTTP/1.1", request.Line));
        AssertJson("""{"model":"embed","input":["one","two"],"encoding_format":"float","dimensions":2}""", server.Requests[0].Body);
        AssertJson("""{"model":"embed","input":["drei ü"],"encoding_format":"float","dimensions":2}""", server.Requests[1].Body);
    }

    [Fact]
    public async Task A_batch_holds_64_texts_unless_told_otherwise()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Reply(64)), LoopbackServer.Json(Reply(1)));
        using var generator = Generator(server);

        var embeddings = await generator.GenerateAsync(Enumerable.Repeat("x", 65), cancellationToken: Cancellation);

        Assert.Equal(65, embeddings.Count);
        Assert.Equal([64, 1], server.Requests.Select(request => request.Json["input"]!.AsArray().Count));
    }

    [Fact]
    public async Task No_texts_need_no_request()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}"));
        using var generator = Generator(server);

        Assert.Empty(await generator.GenerateAsync([], cancellationToken: Cancellation));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("{}", "it has 0 vectors for 2 texts")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]}]}""", "it has 1 vectors for 2 texts")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}""", "the index 0 of a vector is out of range or there twice, for 2 texts")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]}""", "the index 2 of a vector is out of range or there twice, for 2 texts")]
    [InlineData("""{"data":[{"embedding":[1]},{"embedding":[1,2]}]}""", "its vectors have different lengths, 1 and 2")]
    [InlineData("""{"data":[{"embedding":[1]},{"embedding":["1"]}]}""", "a vector is empty or no list of numbers")]
    public async Task Vectors_that_do_not_fit_the_texts_are_an_error(string reply, string problem)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(reply));
        using var generator = Generator(server);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => generator.GenerateAsync(["one", "two"], cancellationToken: Cancellation));

        Assert.Equal($"Embedding model at {server.BaseUrl} sent a reply that cannot be used: {problem}.", fault.Message);
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_as_in_a_chat()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", 503), LoopbackServer.Json(Reply(1)));
        using var generator = Generator(server);

        Assert.Single(await generator.GenerateAsync(["one"], cancellationToken: Cancellation));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public void The_metadata_name_provider_endpoint_model_and_dimensions()
    {
        using var generator = new OpenAICompatibleEmbeddingGenerator(
            new OpenAICompatibleOptions { BaseUrl = new Uri("http://127.0.0.1:8080/v1"), Model = "embed", EmbeddingDimensions = 256 });

        var metadata = generator.GetService(typeof(EmbeddingGeneratorMetadata)) as EmbeddingGeneratorMetadata;

        Assert.Equal(
            ("openai", "http://127.0.0.1:8080/v1", "embed", 256),
            (metadata?.ProviderName, metadata?.ProviderUri?.ToString(), metadata?.DefaultModelId, metadata?.DefaultModelDimensions));
    }

    private static OpenAICompatibleEmbeddingGenerator Generator(
        LoopbackServer server, Func<OpenAICompatibleOptions, OpenAICompatibleOptions>? change = null)
    {
        var options = new OpenAICompatibleOptions { BaseUrl = server.BaseUrl, Model = "embed" };
        return new OpenAICompatibleEmbeddingGenerator(change?.Invoke(options) ?? options, timeProvider: new ManualTime());
    }

    private static string Reply(int count) =>
        new JsonObject { ["data"] = new JsonArray([.. Enumerable.Range(0, count).Select(i => new JsonObject { ["index"] = i, ["embedding"] = new JsonArray(i) })]) }
            .ToJsonString();

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), $"Expected {expected}, got {actual}");
}
