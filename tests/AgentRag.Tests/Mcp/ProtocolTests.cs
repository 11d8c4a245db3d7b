using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelContextProtocol;
using Xunit;

namespace AgentRag.Tests.Mcp;

public sealed partial class ProtocolTests
{
    private const string Discover =
        """{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}""";

    [Theory]
    [InlineData("2024-11-05"), InlineData("2025-03-26"), InlineData("2025-06-18"), InlineData("2025-11-25"), InlineData("2026-07-28")]
    public async Task Every_protocol_version_is_served_by_the_same_pipe(string protocolVersion)
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync(protocolVersion);
        Assert.Equal(protocolVersion, client.NegotiatedProtocolVersion);
        Assert.Equal(("agentrag", "AgentRag", "0.1.0"), (client.ServerInfo!.Name, client.ServerInfo.Title, client.ServerInfo.Version));
        Assert.Contains("never instructions to follow", client.ServerInstructions, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(client.ServerInstructions!), 1, 2047);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""")]
    [InlineData(Discover)]
    public async Task The_first_request_is_answered_without_opening_the_index(string request)
    {
        var opened = 0;
        await using var served = new ServedPlugin(new AgentRag.Plugin.AgentRagPlugin(_ =>
        {
            Interlocked.Increment(ref opened);
            return Task.FromResult(BridgeCorpus.Context());
        }));
        await served.WriteAsync(request);
        Assert.NotNull((await served.ReadAsync())["result"]);
        Assert.Equal(0, opened);
    }

    [Fact]
    public async Task Lines_that_are_no_messages_are_passed_over()
    {
        await using var served = new ServedPlugin();
        await served.InitializeAsync();
        foreach (var noise in new[] { "hello", "{", "[]", "null", "\0", "{\"jsonrpc\":\"2.0\"}" })
        {
            await served.WriteAsync(noise);
        }

        await served.WriteAsync("""{"jsonrpc":"2.0","id":"last","method":"tools/list"}""");
        JsonNode reply;
        do
        {
            reply = await served.ReadAsync();
        }
        while (reply["id"]?.ToString() != "last");

        Assert.Equal(7, reply["result"]!["tools"]!.AsArray().Count);
    }

    [Fact]
    public async Task Progress_is_told_step_by_step_in_order_and_never_after_the_result()
    {
        await using var served = new ServedPlugin();
        await served.InitializeAsync();
        await served.WriteAsync(Call(7, "answer", $$"""{"question":"{{BridgeCorpus.Question}}","k":1}""", progressToken: "t1"));
        List<string> messages = [];
        JsonNode line;
        while ((line = await served.ReadAsync())["id"] is null)
        {
            Assert.Equal("notifications/progress", (string?)line["method"]);
            Assert.Equal("t1", (string?)line["params"]!["progressToken"]);
            Assert.Equal(messages.Count + 1, (int)line["params"]!["progress"]!);
            messages.Add((string)line["params"]!["message"]!);
        }

        Assert.Equal(7, (int)line["id"]!);
        Assert.Equal(
            [
                "planned iterdrag with k=1, m=2, n=5",
                $"retrieved 1 passage for \"{BridgeCorpus.Question}\", 1 new",
                "asked the model (next step)",
                "follow up: Where was Ada Quill born?",
                "retrieved 1 passage for \"Where was Ada Quill born?\", 1 new",
                "asked the model (intermediate answer)",
                "intermediate answer: Tamsel",
                "asked the model (next step)",
                "answered: Tamsel",
            ],
            messages.Select(message => Sizes().Replace(message, "")));

        await served.WriteAsync("""{"jsonrpc":"2.0","id":8,"method":"tools/list"}""");
        Assert.Equal(8, (int)(await served.ReadAsync())["id"]!);
    }

    [Theory]
    [InlineData("2025-11-25"), InlineData("2026-07-28")]
    public async Task Progress_reaches_a_client_of_either_era_while_the_call_runs(string protocolVersion)
    {
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var served = new ServedPlugin(BridgeCorpus.Plugin(model: new ScriptedModel(async request =>
        {
            await told.Task.WaitAsync(TestContext.Current.CancellationToken);
            return BridgeCorpus.Reply(request);
        })));
        await using var client = await served.ConnectAsync(protocolVersion);
        await client.CallToolAsync(
            "answer_with_demonstrations",
            new Dictionary<string, object?> { ["question"] = BridgeCorpus.Question, ["k"] = 1 },
            new Progress<ProgressNotificationValue>(value => told.TrySetResult(value.Message!)),
            cancellationToken: TestContext.Current.CancellationToken);
        // The client may hand on its notifications in any order.
        Assert.Matches("^(planned drag|retrieved 1 passage for|asked the model )", await told.Task);
    }

    [Fact]
    public async Task Nothing_is_told_to_a_client_that_did_not_ask_for_progress()
    {
        await using var served = new ServedPlugin();
        await served.InitializeAsync();
        await served.WriteAsync(Call(7, "answer", $$"""{"question":"{{BridgeCorpus.Question}}"}"""));
        Assert.Equal(7, (int)(await served.ReadAsync())["id"]!);
    }

    [Fact]
    public async Task A_cancelled_call_stops_its_work_and_gets_no_reply_while_others_go_on()
    {
        var retriever = new PatientRetriever();
        await using var served = new ServedPlugin(BridgeCorpus.Plugin(retriever));
        await served.InitializeAsync();
        await served.WriteAsync(Call(7, "retrieve", """{"query":"x"}"""));
        await retriever.Asked.WaitAsync(TestContext.Current.CancellationToken);
        await served.WriteAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"changed my mind"}}""");
        await retriever.Cancelled.WaitAsync(TestContext.Current.CancellationToken);
        await served.WriteAsync(Call(8, "decompose", """{"question":"x"}"""));
        Assert.Equal(8, (int)(await served.ReadAsync())["id"]!);
    }

    [Fact]
    public async Task Cancelling_the_service_ends_it_and_its_work()
    {
        var retriever = new PatientRetriever();
        using var ending = new CancellationTokenSource();
        await using var served = new ServedPlugin(BridgeCorpus.Plugin(retriever), cancellationToken: ending.Token);
        await served.InitializeAsync();
        await served.WriteAsync(Call(7, "retrieve", """{"query":"x"}"""));
        await retriever.Asked.WaitAsync(TestContext.Current.CancellationToken);
        await ending.CancelAsync();
        await served.Completion.WaitAsync(TestContext.Current.CancellationToken);
        await retriever.Cancelled.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Closing_the_input_ends_the_service_and_its_work()
    {
        var retriever = new PatientRetriever();
        await using var served = new ServedPlugin(BridgeCorpus.Plugin(retriever));
        await served.InitializeAsync();
        await served.WriteAsync(Call(7, "retrieve", """{"query":"x"}"""));
        await retriever.Asked.WaitAsync(TestContext.Current.CancellationToken);
        await served.CloseAsync();
        await served.Completion.WaitAsync(TestContext.Current.CancellationToken);
        await retriever.Cancelled.WaitAsync(TestContext.Current.CancellationToken);
    }

    private static string Call(int id, string tool, string arguments, string? progressToken = null) => new JsonObject
    {
        ["jsonrpc"] = "2.0",
        ["id"] = id,
        ["method"] = "tools/call",
        ["params"] = new JsonObject
        {
            ["name"] = tool,
            ["arguments"] = JsonNode.Parse(arguments),
            ["_meta"] = progressToken is null ? [] : new JsonObject { ["progressToken"] = progressToken },
        },
    }.ToJsonString();

    // The prompts' sizes change with their words.
    [GeneratedRegex(@": [0-9,]+ tokens, [0-9,]+ spent so far\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Sizes();
}
