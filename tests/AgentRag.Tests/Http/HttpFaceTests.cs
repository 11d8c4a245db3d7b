using System.Net;
using System.Text.Json.Nodes;
using AgentRag.Http;
using AgentRag.Tests.Mcp;
using ModelContextProtocol.Client;
using Xunit;

namespace AgentRag.Tests.Http;

public sealed class HttpFaceTests
{
    [Theory]
    [InlineData("2025-03-26"), InlineData("2025-06-18"), InlineData("2025-11-25"), InlineData("2026-07-28")]
    public async Task A_client_of_either_era_lists_and_calls_tools(string protocolVersion)
    {
        await using var served = await ServedHttp.StartAsync();
        await using var client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions { Endpoint = new Uri(served.Client.BaseAddress!, "/mcp"), TransportMode = HttpTransportMode.StreamableHttp }),
            new McpClientOptions { ProtocolVersion = protocolVersion },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(protocolVersion, client.NegotiatedProtocolVersion);
        Assert.Contains(await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken), tool => tool.Name == "retrieve");
        var result = await ServedPlugin.CallAsync(client, "retrieve", """{"query": "Lorn Bridge"}""");
        Assert.Equal("bridge#1", result.StructuredContent!.Value.GetProperty("passages")[0].GetProperty("passageId").GetString());
    }

    [Fact]
    public async Task Requests_without_sessions_do_not_know_each_other_and_run_side_by_side()
    {
        await using var served = await ServedHttp.StartAsync(plugin: BridgeCorpus.Plugin(new GatheringRetriever(8)));
        var replies = await Task.WhenAll(Enumerable.Range(1, 8).Select(async i => await ServedHttp.MessageAsync(await served.ModernAsync(
            "tools/call", $$$"""  "name":"retrieve","arguments":{"query":"Quill {{{i}}}"}""", "retrieve"))));
        Assert.Equal(Enumerable.Range(1, 8).Select(i => $"Quill {i}"), replies.Select(reply => (string?)reply["result"]!["structuredContent"]!["query"]));
    }

    [Theory]
    [InlineData("Mcp-Method", "tools/list", 400, -32020)]
    [InlineData("Mcp-Name", "answer", 400, -32020)]
    [InlineData("MCP-Protocol-Version", "2025-11-25", 400, -32020)]
    [InlineData("MCP-Protocol-Version", "2031-01-01", 400, -32022)]
    public async Task Headers_that_contradict_the_body_are_refused(string header, string value, int status, int code)
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.ModernAsync("tools/call", """ "name":"retrieve","arguments":{"query":"x"}""", "retrieve", (header, value));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, (int)(await ServedHttp.MessageAsync(response))["error"]!["code"]!);
    }

    [Theory]
    [InlineData("initialize"), InlineData("ping"), InlineData("logging/setLevel"), InlineData("no/such")]
    public async Task Methods_that_the_era_without_sessions_does_not_know_are_not_found(string method)
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.ModernAsync(method);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(-32601, (int)(await ServedHttp.MessageAsync(response))["error"]!["code"]!);
    }

    [Theory]
    [InlineData("no json", 400, -32700)]
    [InlineData("""{"a":1}""", 400, -32700)]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", 400, -32600)]
    public async Task A_body_that_is_no_message_is_refused(string body, int status, int code)
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.PostAsync("/mcp", body);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, (int)(await ServedHttp.MessageAsync(response))["error"]!["code"]!);
    }

    [Fact]
    public async Task A_body_nested_a_thousand_deep_is_refused()
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.PostAsync("/mcp", new string('[', 1000) + new string(']', 1000));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_notification_is_accepted_without_a_body()
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.PostAsync("/mcp", """{"jsonrpc":"2.0","method":"notifications/initialized"}""", ("MCP-Protocol-Version", "2025-11-25"));
        Assert.Equal((HttpStatusCode.Accepted, ""), (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task Reading_and_deleting_sessions_is_not_served()
    {
        await using var served = await ServedHttp.StartAsync();
        using var get = await served.GetAsync("/mcp");
        using var delete = await served.Client.DeleteAsync(new Uri("/mcp", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, HttpStatusCode.MethodNotAllowed), (get.StatusCode, delete.StatusCode));
    }

    [Fact]
    public async Task A_client_that_takes_no_event_stream_is_told_so()
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.PostAsync("/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""", ("Accept", "application/json"));
        Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);
    }

    [Fact]
    public async Task A_tool_is_called_by_a_plain_post()
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.PostAsync("/v1/tools/retrieve", """{"query":"Lorn Bridge designer","k":1}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("bridge#1", (string?)(await ServedHttp.MessageAsync(response))["passages"]![0]!["passageId"]);
    }

    [Theory]
    [InlineData("/v1/tools/retrieve", """{"k":1}""", 400, "'query' is missing. Example: {\"query\": \"harbour bridge opening year\", \"k\": 5}")]
    [InlineData("/v1/tools/retrieve", "[]", 400, "The body must be a JSON object of arguments.")]
    [InlineData("/v1/tools/retrieve", "{", 400, "The body must be a JSON object of arguments.")]
    [InlineData("/v1/tools/guess", "{}", 404, "There is no such tool: the tools are allocate_budget, answer, answer_with_demonstrations, decompose, list_sources, read_passage, retrieve.")]
    [InlineData("/v2", "{}", 404, "There is nothing here: MCP is at /mcp, REST at /v1/tools/NAME, its description at /openapi.json.")]
    public async Task A_mistake_is_a_problem_that_says_what_to_do(string path, string body, int status, string detail)
    {
        await using var served = await ServedHttp.StartAsync();
        using var response = await served.PostAsync(path, body);
        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal(detail, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["detail"]);
    }

    [Fact]
    public async Task The_description_has_the_schemas_of_the_tools_and_every_reference_in_it_leads_somewhere()
    {
        await using var served = await ServedHttp.StartAsync();
        var document = await ServedHttp.MessageAsync(await served.GetAsync("/openapi.json"));
        Assert.Equal("3.1.0", (string?)document["openapi"]);
        foreach (var tool in BridgeCorpus.Plugin().AsAIFunctions())
        {
            var post = document["paths"]![$"/v1/tools/{tool.Name}"]!["post"]!;
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(tool.JsonSchema.GetRawText()), post["requestBody"]!["content"]!["application/json"]!["schema"]));
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(tool.ReturnJsonSchema!.Value.GetRawText()), post["responses"]!["200"]!["content"]!["application/json"]!["schema"]));
        }

        Assert.All(References(document), reference => Assert.Equal("#/components/schemas/problem", reference));

        static IEnumerable<string> References(JsonNode? node) => node switch
        {
            JsonObject json => json.SelectMany(property => property.Key == "$ref" ? [(string)property.Value!] : References(property.Value)),
            JsonArray array => array.SelectMany(References),
            _ => [],
        };
    }

    [Fact]
    public async Task Ready_is_who_can_open_the_index_and_healthy_who_serves()
    {
        var exists = false;
        await using var served = await ServedHttp.StartAsync(plugin: new AgentRag.Plugin.AgentRagPlugin(_ =>
            exists ? Task.FromResult(BridgeCorpus.Context()) : throw new AgentRagException("There is no index at '/home/ada/.agentrag'.")));
        using var before = await served.GetAsync("/readyz");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"not ready"}"""), (before.StatusCode, await before.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        using var healthy = await served.GetAsync("/healthz");
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
        exists = true;
        using var after = await served.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task A_call_under_way_may_end_when_the_service_does()
    {
        var retriever = new HeldRetriever();
        await using var served = await ServedHttp.StartAsync(new HttpFaceOptions { ShutdownTime = TimeSpan.FromMinutes(1) }, BridgeCorpus.Plugin(retriever));
        var call = served.PostAsync("/v1/tools/retrieve", """{"query":"Lorn Bridge"}""");
        await retriever.Asked.WaitAsync(TestContext.Current.CancellationToken);
        await served.EndAsync();
        retriever.Release();
        using var response = await call;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await served.Completion.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_client_that_hangs_up_ends_its_call()
    {
        var retriever = new PatientRetriever();
        await using var served = await ServedHttp.StartAsync(plugin: BridgeCorpus.Plugin(retriever));
        using var hangUp = new CancellationTokenSource();
        using var content = new StringContent("""{"query":"x"}""", System.Text.Encoding.UTF8, "application/json");
        var call = served.Client.PostAsync(new Uri("/v1/tools/retrieve", UriKind.Relative), content, hangUp.Token);
        await retriever.Asked.WaitAsync(TestContext.Current.CancellationToken);
        await hangUp.CancelAsync();
        await retriever.Cancelled.WaitAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task A_flood_of_calls_is_refused_beyond_those_that_wait()
    {
        var retriever = new HeldRetriever();
        await using var served = await ServedHttp.StartAsync(new HttpFaceOptions { MaxConcurrentCalls = 1 }, BridgeCorpus.Plugin(retriever));
        var running = served.PostAsync("/v1/tools/retrieve", """{"query":"x"}""");
        await retriever.Asked.WaitAsync(TestContext.Current.CancellationToken);
        var others = Enumerable.Range(0, 4).Select(_ => served.PostAsync("/v1/tools/retrieve", """{"query":"x"}""")).ToList();

        // One of the four waits for its turn; the other three are answered while the first still runs.
        var refused = await WhenAsync(others, 3);
        Assert.All(refused, response => Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode));
        retriever.Release();
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
        Assert.Single(await Task.WhenAll(others), response => response.StatusCode == HttpStatusCode.OK);

        static async Task<IReadOnlyList<HttpResponseMessage>> WhenAsync(IEnumerable<Task<HttpResponseMessage>> calls, int count)
        {
            List<HttpResponseMessage> done = [];
            await foreach (var call in Task.WhenEach(calls))
            {
                done.Add(await call);
                if (done.Count == count)
                {
                    break;
                }
            }

            return done;
        }
    }
}
