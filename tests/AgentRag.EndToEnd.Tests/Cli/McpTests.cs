using System.Text.Json;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class McpTests
{
    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""";

    private const string Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    private const string Retrieve = """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"retrieve","arguments":{"query":"lighthouse","k":1}}}""";

    [Fact]
    public async Task Roots_are_indexed_by_the_first_tool_call_and_stdout_holds_nothing_but_the_protocol()
    {
        using var agentrag = Town.With();
        var index = Path.Combine(agentrag.Folder, ".agentrag");
        using var server = agentrag.Start("mcp", "docs");
        var error = server.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal("agentrag", (await AskAsync(server, Initialize, id: 1)).GetProperty("result").GetProperty("serverInfo").GetProperty("name").GetString());
        Assert.False(Directory.Exists(index));

        await server.StandardInput.WriteLineAsync(Initialized);
        var passage = (await AskAsync(server, Retrieve, id: 2)).GetProperty("result").GetProperty("structuredContent").GetProperty("passages")[0];
        Assert.Equal("orm", passage.GetProperty("documentId").GetString());
        Assert.True(Directory.Exists(index));

        server.StandardInput.Close();
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, server.ExitCode);
        Assert.Contains("agentrag: 4 documents, 4 passages in '.agentrag'", await error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_index_the_handshake_works_and_a_tool_says_what_to_do()
    {
        using var agentrag = new Agentrag();
        using var server = agentrag.Start("mcp");

        await AskAsync(server, Initialize, id: 1);
        await server.StandardInput.WriteLineAsync(Initialized);
        var result = (await AskAsync(server, Retrieve, id: 2)).GetProperty("result");

        Assert.True(result.GetProperty("isError").GetBoolean());
        Assert.Equal("There is no index at '.agentrag': make one with 'agentrag index PATH...'.", result.GetProperty("content")[0].GetProperty("text").GetString());
        server.StandardInput.Close();
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    // Replies are matched by id; every line on the way must be JSON.
    private static async Task<JsonElement> AskAsync(System.Diagnostics.Process server, string request, int id)
    {
        await server.StandardInput.WriteLineAsync(request);
        while (await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            var message = JsonDocument.Parse(line).RootElement;
            if (message.TryGetProperty("id", out var answered) && answered.GetInt32() == id)
            {
                return message;
            }
        }

        throw new InvalidOperationException("The server ended without a reply.");
    }
}
