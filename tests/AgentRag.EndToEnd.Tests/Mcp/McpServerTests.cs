using System.Text.Json.Nodes;
using AgentRag.EndToEnd.Tests.Cli;
using AgentRag.EndToEnd.Tests.Readme;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Mcp;

public sealed class McpServerTests
{
    // Only guards against a server that never replies.
    private const int Milliseconds = 120_000;

    [Fact(Timeout = Milliseconds)]
    public async Task Noise_on_the_input_brings_nothing_but_messages_to_the_output_and_every_request_its_own_reply()
    {
        using var agentrag = await Town.IndexedAsync();
        using var session = new McpSession(agentrag);
        await session.InitializeAsync();
        for (var i = 1; i <= 8; i++)
        {
            await session.WriteAsync(i % 2 == 0 ? "{\"jsonrpc\":" : "no message at all");
            await session.CallAsync($"call-{i}", "retrieve", $$"""{"query":"lighthouse","k":{{i}}}""");
            await session.WriteAsync("""{"jsonrpc":"2.0","method":"notifications/unheard_of"}""");
        }

        for (var i = 8; i >= 1; i--)
        {
            var passages = (await session.ReplyAsync($"call-{i}"))["result"]!["structuredContent"]!["passages"]!.AsArray();
            Assert.InRange(passages.Count, 1, i);
        }

        Assert.Equal(0, (await session.CloseAsync()).ExitCode);
    }

    [Fact(Timeout = Milliseconds)]
    public async Task Without_an_index_the_handshake_and_the_tools_are_there_and_a_call_says_what_to_do()
    {
        using var agentrag = new Agentrag();
        using var session = new McpSession(agentrag);
        Assert.Equal("agentrag", (string?)(await session.InitializeAsync())["result"]!["serverInfo"]!["name"]);
        await session.WriteAsync("""{"jsonrpc":"2.0","id":"list","method":"tools/list"}""");
        Assert.Equal(
            ["allocate_budget", "answer", "answer_with_demonstrations", "decompose", "index_documents", "list_sources", "read_passage", "retrieve"],
            (await session.ReplyAsync("list"))["result"]!["tools"]!.AsArray().Select(tool => (string?)tool!["name"]));

        await session.CallAsync("call", "retrieve", """{"query":"lighthouse"}""");
        var result = (await session.ReplyAsync("call"))["result"]!;
        Assert.True((bool)result["isError"]!);
        Assert.Contains("agentrag index PATH", (string?)result["content"]![0]!["text"], StringComparison.Ordinal);
        Assert.Equal(0, (await session.CloseAsync()).ExitCode);
        Assert.False(Directory.Exists(Path.Combine(agentrag.Folder, ".agentrag")));
    }

    [Fact(Timeout = Milliseconds)]
    public async Task Roots_of_the_configuration_are_indexed_by_the_first_call_and_reported_on_standard_error()
    {
        using var agentrag = Town.With();
        agentrag.Environment["AGENTRAG_ROOTS"] = Path.Combine(agentrag.Folder, "docs");
        agentrag.Environment["AGENTRAG_MODEL"] = "extractive";
        using var session = new McpSession(agentrag);
        await session.InitializeAsync();
        await session.CallAsync("call", "answer", """{"question":"Who built the lighthouse of Orm?"}""");
        var structured = (await session.ReplyAsync("call"))["result"]!["structuredContent"]!;
        Assert.Equal("Ada Venn", (string?)structured["answer"]);
        Assert.Contains(structured["citations"]!.AsArray(), citation => ((string)citation!["source"]!).EndsWith("orm.md", StringComparison.Ordinal));
        var (exitCode, error) = await session.CloseAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("4 documents", error, StringComparison.Ordinal);
    }

    [Fact(Timeout = Milliseconds)]
    public async Task Passages_that_the_server_indexes_get_vectors_and_are_searched_by_them()
    {
        using var agentrag = Town.With();
        await using var models = new ReadmeServers();
        using var session = new McpSession(agentrag, "docs", "--embeddings", "openai:any", "--embeddings-base-url", $"http://127.0.0.1:{models.ModelPort}/v1", "--retriever", "dense");
        await session.InitializeAsync();
        await session.CallAsync("first", "retrieve", """{"query":"Orm is a harbour town on the Lisk.","k":1}""");
        Assert.Equal("orm", (string?)(await session.ReplyAsync("first"))["result"]!["structuredContent"]!["passages"]![0]!["documentId"]);

        agentrag.Write("docs/zzz.md", "# Zzz\n\nZzz zzzz zz zzzzz.\n");
        await session.CallAsync("start", "index_documents", """{"action":"start"}""");
        await session.ReplyAsync("start");
        var note = "";
        for (var i = 0; !note.Contains("vector", StringComparison.Ordinal); i++)
        {
            await session.CallAsync($"status {i}", "index_documents", "{}");
            note = (string)(await session.ReplyAsync($"status {i}"))["result"]!["structuredContent"]!["note"]!;
        }

        Assert.Equal("1 files added, 0 changed, 4 unchanged, 0 removed. 1 new vector of any.", note);
        await session.CallAsync("second", "retrieve", """{"query":"zzzzz","k":1}""");
        Assert.Equal("zzz", (string?)(await session.ReplyAsync("second"))["result"]!["structuredContent"]!["passages"]![0]!["documentId"]);
        var (exitCode, error) = await session.CloseAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("agentrag: 4 new vectors of any.", error, StringComparison.Ordinal);
    }

    [Fact(Timeout = Milliseconds)]
    public async Task Under_noise_of_every_kind_standard_output_holds_messages_alone()
    {
        using var agentrag = Town.With(("docs/broken.pdf", "%PDF-1.7\nnothing"), ("docs/broken.docx", "PK no"), ("docs/rows.jsonl", "{broken\n"));
        // Port 9 discards: no embedding model answers there.
        using var session = new McpSession(agentrag, "docs", "--embeddings", "openai:any", "--embeddings-base-url", "http://127.0.0.1:9/v1", "--cache", "kept");
        await session.InitializeAsync();
        await session.WriteAsync("this is no message");
        await session.WriteAsync("""{"jsonrpc":"2.0","id":"odd","method":"tools/call","params":{"name":7}}""");
        string[] calls = ["retrieve", "answer", "list_sources", "guess", "read_passage", "index_documents", "allocate_budget"];
        foreach (var (number, tool) in calls.Index())
        {
            await session.CallAsync($"call {number}", tool, number % 2 == 0 ? """{"query":"Orm","budget":5000}""" : """{"k":"a lot","question":"Where is Orm?"}""");
        }

        // Each reply is read as a message; a line that is none fails the session.
        foreach (var number in Enumerable.Range(0, calls.Length))
        {
            await session.ReplyAsync($"call {number}");
        }

        // The calls were answered by words; that there are no vectors is told when the embedding model has been tried often enough.
        var note = "";
        for (var i = 0; !note.Contains("New passages have no vectors yet", StringComparison.Ordinal); i++)
        {
            await session.CallAsync($"status {i}", "index_documents", "{}");
            note = (string)(await session.ReplyAsync($"status {i}"))["result"]!["structuredContent"]!["note"]!;
        }

        var (exitCode, error) = await session.CloseAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("New passages have no vectors yet", error, StringComparison.Ordinal);
    }

    [Fact(Timeout = Milliseconds)]
    public async Task What_is_indexed_while_the_server_runs_is_found_by_the_next_call()
    {
        using var agentrag = await Town.IndexedAsync();
        using var session = new McpSession(agentrag);
        await session.InitializeAsync();
        await session.CallAsync("before", "retrieve", """{"query":"coopers"}""");
        Assert.Empty((await session.ReplyAsync("before"))["result"]!["structuredContent"]!["passages"]!.AsArray());

        agentrag.Write("docs/lisk.md", "# Lisk\n\nThe coopers of Lisk make barrels.\n");
        Assert.Equal(0, (await agentrag.RunAsync("index", "docs")).ExitCode);

        await session.CallAsync("after", "retrieve", """{"query":"coopers"}""");
        Assert.Equal("lisk", (string?)(await session.ReplyAsync("after"))["result"]!["structuredContent"]!["passages"]![0]!["documentId"]);
        Assert.Equal(0, (await session.CloseAsync()).ExitCode);
    }

    [Fact(Timeout = Milliseconds)]
    public async Task An_unknown_tool_is_an_error_for_the_client_and_no_line_on_standard_error()
    {
        using var agentrag = new Agentrag();
        using var session = new McpSession(agentrag);
        await session.InitializeAsync();
        await session.CallAsync("call", "guess", "{}");
        var error = (await session.ReplyAsync("call"))["error"]!;
        Assert.Equal((-32602, "Unknown tool: 'guess'"), ((int)error["code"]!, (string?)error["message"]));
        Assert.Equal((0, ""), await session.CloseAsync());
    }

    [Fact(Timeout = Milliseconds)]
    public async Task The_stateless_protocol_is_served_without_a_handshake()
    {
        using var agentrag = await Town.IndexedAsync();
        using var session = new McpSession(agentrag);
        JsonObject Meta() => new()
        {
            ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
            ["io.modelcontextprotocol/clientCapabilities"] = new JsonObject(),
            ["io.modelcontextprotocol/clientInfo"] = new JsonObject { ["name"] = "test", ["version"] = "1" },
        };
        await session.WriteAsync(Request("discover", "server/discover", new JsonObject { ["_meta"] = Meta() }));
        Assert.Contains("2026-07-28", (await session.ReplyAsync("discover"))["result"]!["supportedVersions"]!.AsArray().Select(version => (string?)version));
        await session.WriteAsync(Request(
            "call",
            "tools/call",
            new JsonObject { ["name"] = "retrieve", ["arguments"] = new JsonObject { ["query"] = "lighthouse" }, ["_meta"] = Meta() }));
        Assert.Contains("orm.md", (await session.ReplyAsync("call"))["result"]!["structuredContent"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(0, (await session.CloseAsync()).ExitCode);
    }

    [Fact(Timeout = Milliseconds)]
    public async Task Without_a_configured_model_the_caller_answers_and_a_server_that_was_started_anew_goes_on()
    {
        using var agentrag = await Town.IndexedAsync();
        string state;
        using (var session = new McpSession(agentrag))
        {
            await session.InitializeAsync();
            await session.CallAsync("first", "answer", """{"question":"Where was the builder of the lighthouse of Orm born?","k":1}""");
            state = (string)(await session.ReplyAsync("first"))["result"]!["structuredContent"]!["state"]!;
            Assert.Equal((0, ""), await session.CloseAsync());
        }

        using var again = new McpSession(agentrag);
        await again.InitializeAsync();
        foreach (var (id, reply) in new[] { ("second", "Follow up: Where was Ada Venn born?"), ("third", "Intermediate answer: Tarrow"), ("fourth", "So the final answer is: Tarrow") })
        {
            await again.CallAsync(id, "answer", $$"""{"state":"{{state}}","reply":"{{reply}}"}""");
            state = (string?)(await again.ReplyAsync(id))["result"]!["structuredContent"]!["state"] ?? "";
        }

        Assert.Equal("Tarrow", (string?)(await again.ReplyAsync("fourth"))["result"]!["structuredContent"]!["answer"]);
        Assert.Equal((0, ""), await again.CloseAsync());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(agentrag.Folder, ".state", "agentrag", "state.key")));
        }
    }

    private static string Request(string id, string method, JsonObject parameters) =>
        new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString();
}
