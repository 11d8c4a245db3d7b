using System.Text;
using System.Text.Json;
using AgentRag.Indexing;
using AgentRag.Retrieval.Qdrant;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>What is sent to the server, and what the in-process server of the contract tests refuses.</summary>
public sealed class QdrantRequestTests : IAsyncLifetime
{
    private const string Key = "secret-key-0123456789";

    private readonly InProcessQdrant _server = new();

    private QdrantOptions Options => new() { Url = _server.Url, Collection = "wiki" };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("http://qdrant.example.com:6333", "key", true)]
    [InlineData("https://qdrant.example.com:6333", "key", false)]
    [InlineData("http://127.0.0.1:6333", "key", false)]
    [InlineData("http://qdrant.example.com:6333", null, false)]
    public void A_key_that_would_leave_this_machine_unencrypted_is_known(string url, string? key, bool isInTheClear) =>
        Assert.Equal(isInTheClear, new QdrantOptions { Url = new Uri(url), Collection = "town", ApiKey = key }.SendsKeyInTheClear);

    [Fact]
    public async Task The_key_travels_in_its_header_and_shows_nowhere()
    {
        _server.ApiKey = Key;
        var options = Options with { ApiKey = Key };
        using var index = await QdrantIndex.CreateAsync(options, cancellationToken: Cancellation);

        Assert.All(_server.Requests, request => Assert.Equal(Key, request.ApiKey));
        Assert.DoesNotContain(Key, options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, JsonSerializer.Serialize(options), StringComparison.Ordinal);
        Assert.Contains("ApiKey = set", options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_or_wrong_key_is_told_without_it()
    {
        _server.ApiKey = Key;
        var where = $"Qdrant at {_server.Url.ToString().TrimEnd('/')} answered 401";

        var missing = await Assert.ThrowsAsync<AgentRagException>(() => QdrantIndex.OpenAsync(Options, cancellationToken: Cancellation));
        var wrong = await Assert.ThrowsAsync<AgentRagException>(() => QdrantIndex.OpenAsync(Options with { ApiKey = "wrong-key" }, cancellationToken: Cancellation));

        Assert.Equal($"{where} (\"Must provide an API key or an Authorization bearer token\"): it wants a key and none is set. Set QDRANT_API_KEY.", missing.Message);
        Assert.Equal(
            $"{where} (\"Invalid API key or JWT\"): it refused the key in QDRANT_API_KEY. Set one that is valid for this server and for what is asked of it.", wrong.Message);
    }

    [Fact]
    public async Task A_collection_is_made_with_vectors_settings_cluster_options_and_payload_indexes()
    {
        using var index = await QdrantIndex.CreateAsync(
            Options, new() { ShardNumber = 6, ReplicationFactor = 3, WriteConsistencyFactor = 2, MeanPassageTerms = 80.5 }, new WordEmbedder(8), cancellationToken: Cancellation);

        var made = _server.Requests.Single(request => request is { Method: "PUT", Path: "/collections/wiki" });
        Assert.Equal(
            $$$"""
            {"vectors":{"dense":{"size":8,"distance":"Cosine"}},"sparse_vectors":{"bm25":{"modifier":"idf"}},"metadata":{"agentrag":{"format":2,"analyzer":{{{JsonSerializer.Serialize(AnalyzerOptions.English, JsonSerializerOptions.Web)}}},"bm25":{"k1":0.9,"b":0.4},"meanPassageTerms":80.5,"embeddingModel":"words"}},"shard_number":6,"replication_factor":3,"write_consistency_factor":2}
            """.Trim(),
            made.Body);
        Assert.Equal(
            ["documentId", "source", "sourcePath", "metadataPairs"],
            _server.Requests.Where(request => request.Path == "/collections/wiki/index").Select(request => request.Json.GetProperty("field_name").GetString()));
    }

    [Fact]
    public async Task Reads_ask_for_consistency_and_writes_for_ordering()
    {
        using var index = await QdrantIndex.CreateAsync(
            Options with { ReadConsistency = "majority", WriteOrdering = QdrantWriteOrdering.Strong }, cancellationToken: Cancellation);
        await new QdrantUploader(index).UploadAsync([TestPassages.Passage("a", "otter")], cancellationToken: Cancellation);
        await new QdrantRetriever(index).RetrieveAsync(new("otter", 1) { Explain = true }, Cancellation);
        await index.DeleteDocumentAsync("a", Cancellation);

        Assert.Equal(
            [
                "POST /collections/wiki/points?consistency=majority",
                "PUT /collections/wiki/points?wait=true&ordering=strong",
                "POST /collections/wiki/points/query?consistency=majority",
                "POST /collections/wiki/points/query/batch?consistency=majority",
                "POST /collections/wiki/points/count?consistency=majority",
                "POST /collections/wiki/points/delete?wait=true&ordering=strong",
            ],
            _server.Requests.Select(request => $"{request.Method} {request.Path}{request.Query}").SkipWhile(line => !line.StartsWith("POST", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_hybrid_query_prefetches_both_legs_with_the_filter_and_fuses_them()
    {
        using var index = await QdrantIndex.CreateAsync(Options, embedder: new WordEmbedder(2), cancellationToken: Cancellation);
        await new QdrantRetriever(index, new() { LegDepth = 7, Filter = new() { DocumentIds = ["a"] } }).RetrieveAsync(new("x", 3), Cancellation);

        // FNV-1a of "x" (0x78): ((2166136261 ^ 120) * 16777619) mod 2^32 = 4245442695; the only word's sum is 120, so bucket 0: 0.25 + 1.
        const string Filter = """{"must":[{"key":"documentId","match":{"any":["a"]}}]}""";
        Assert.Equal(
            $$$"""
            {"prefetch":[{"query":{"indices":[4245442695],"values":[1]},"using":"bm25","limit":7,"filter":{{{Filter}}}},{"query":[1.25,0],"using":"dense","limit":7,"filter":{{{Filter}}}}],"query":{"fusion":"rrf"},"limit":3,"with_payload":["id","documentId","title","headingPath","source","start","end","text","contentHash","tokenCount","metadata"]}
            """.Trim(),
            _server.Requests[^1].Body);
    }

    [Fact]
    public async Task Batches_that_a_busy_server_refused_are_sent_again()
    {
        var refused = 0;
        _server.Fault = request => request.IsUpsert && ++refused <= 2 ? (refused == 1 ? 429 : 503) : null;
        using var index = await QdrantIndex.CreateAsync(Options with { BatchSize = 2 }, timeProvider: new Models.ManualTime(TimeSpan.FromSeconds(30)), cancellationToken: Cancellation);

        var result = await new QdrantUploader(index).UploadAsync([.. "abc".Select(id => TestPassages.Passage(id.ToString(), "otter"))], cancellationToken: Cancellation);

        Assert.Equal(new QdrantUploadResult(Sent: 3, Unchanged: 0), result);
        Assert.Equal([2, 2, 2, 1], _server.Requests.Where(request => request.IsUpsert).Select(request => request.PointCount));
        Assert.Equal(3, await index.CountAsync(cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_server_that_stays_broken_ends_the_upload_and_the_next_one_goes_on()
    {
        var sent = 0;
        _server.Fault = request => request.IsUpsert && ++sent > 1 ? 500 : null;
        var passages = "abcd".Select(id => TestPassages.Passage(id.ToString(), "otter")).ToList();
        using var index = await QdrantIndex.CreateAsync(
            Options with { BatchSize = 2, Requests = new() { MaxRetries = 1, RetryDelay = TimeSpan.FromMilliseconds(1) } }, cancellationToken: Cancellation);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => new QdrantUploader(index).UploadAsync(passages, cancellationToken: Cancellation));
        _server.Fault = _ => null;

        Assert.StartsWith($"Qdrant at {_server.Url.ToString().TrimEnd('/')} answered 500 (\"Service internal error: 500\") twice in ", fault.Message, StringComparison.Ordinal);
        Assert.EndsWith(": its log should say why.", fault.Message, StringComparison.Ordinal);
        Assert.Equal(new QdrantUploadResult(Sent: 2, Unchanged: 2), await new QdrantUploader(index).UploadAsync(passages, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_collection_that_another_program_made_is_refused()
    {
        await PutAsync("wiki", """{"vectors":{"size":4,"distance":"Cosine"}}""", expectOk: false);
        await PutAsync("wiki", """{"vectors":{"dense":{"size":4,"distance":"Cosine"}}}""");
        await PutAsync("plain", """{"vectors":{},"sparse_vectors":{"bm25":{}}}""");
        await PutAsync("foreign", """{"vectors":{},"sparse_vectors":{"bm25":{"modifier":"idf"}},"metadata":{"agentrag":{"format":1}}}""");
        var url = _server.Url.ToString().TrimEnd('/');

        await FaultAsync(
            "wiki", $"Collection 'wiki' at {url} has no sparse vector 'bm25', which AgentRag searches: choose another collection name, or delete it and upload anew.");
        await FaultAsync(
            "plain", $"Collection 'plain' at {url} has sparse vector 'bm25' with modifier 'none', 'idf' is needed: choose another collection name, or delete it and upload anew.");
        await FaultAsync(
            "foreign",
            $"Collection 'foreign' at {url} does not say what its vectors were made with (metadata 'agentrag', format 2): it was made by another program or version, "
            + "or the server is older than Qdrant 1.16. Choose another collection name, or delete it and upload anew.");

        async Task FaultAsync(string collection, string expected) => Assert.Equal(
            expected,
            (await Assert.ThrowsAsync<AgentRagException>(() => QdrantIndex.CreateAsync(Options with { Collection = collection }, cancellationToken: Cancellation))).Message);
    }

    [Theory]
    [InlineData("PUT", "points", """{"points":[{"id":1,"vector":{"dense":[1,2,3]}}]}""", 400, "Wrong input: Vector dimension error: expected dim: 2, got 3")]
    [InlineData("PUT", "points", """{"points":[{"id":1,"vector":{"other":[1,2]}}]}""", 400, "Wrong input: Not existing vector name error: other")]
    [InlineData("PUT", "points", """{"points":[{"id":1,"vector":[1,2]}]}""", 400, "Wrong input: Not existing vector name error: ")]
    [InlineData("PUT", "points", """{"points":[{"id":"a#0","vector":{}}]}""", 400, "Format error in JSON body: value a#0 is not a valid point ID, valid values are either an unsigned integer or a UUID")]
    [InlineData("PUT", "points", """{"points":[{"id":1,"vector":{},"payloads":{}}]}""", 400, "Format error in JSON body: unknown field `payloads` in PointStruct")]
    [InlineData("PUT", "points", """{"points":[{"id":1,"vector":{"bm25":{"indices":[5,5],"values":[1,1]}}}]}""", 422, "Validation error in JSON body: [indices: must be unique, not empty, and as many as values]")]
    [InlineData("PUT", "points", """{"points":[{"id":1,"vector":{"bm25":{"indices":[-5],"values":[1]}}}]}""", 400, "Format error in JSON body: invalid value for indices, expected u32")]
    [InlineData("POST", "points/query", """{"query":[1,2],"using":"bm25","limit":1}""", 400, "Format error in JSON body: data did not match any variant of untagged enum QueryInterface")]
    [InlineData("POST", "points/query", """{"query":[1,2],"using":"dense","limit":0}""", 422, "Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]")]
    [InlineData("POST", "points/query", """{"query":{"fusion":"rrf"},"limit":1}""", 400, "Wrong input: Fusion query requires at least one prefetch")]
    [InlineData("POST", "points/query?consistency=none", """{"query":[1,2],"using":"dense"}""", 400, "Deserialize error: consistency=none")]
    [InlineData("POST", "points/delete", "{}", 400, "Format error in JSON body: data did not match any variant of untagged enum PointsSelector")]
    [InlineData("PUT", "index", """{"field_name":"a","field_schema":"string"}""", 400, "Format error in JSON body: unknown variant `string` for field_schema")]
    public async Task The_server_of_the_contract_tests_refuses_what_Qdrant_refuses(string method, string path, string body, int status, string error)
    {
        await PutAsync("wiki", """{"vectors":{"dense":{"size":2,"distance":"Cosine"}},"sparse_vectors":{"bm25":{"modifier":"idf"}}}""");
        using HttpClient http = new();
        using HttpRequestMessage request = new(new HttpMethod(method), new Uri(_server.Url, $"collections/wiki/{path}")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await http.SendAsync(request, Cancellation);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(error, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("status").GetProperty("error").GetString());
    }

    private async Task PutAsync(string collection, string body, bool expectOk = true)
    {
        using HttpClient http = new();
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using var response = await http.PutAsync(new Uri(_server.Url, $"collections/{collection}"), content, Cancellation);
        Assert.Equal(expectOk, response.IsSuccessStatusCode);
    }
}
