using System.Diagnostics;
using System.Text.Json.Nodes;
using AgentRag.EndToEnd.Tests.Cli;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Mcp;

/// <summary>A running <c>agentrag mcp</c>, spoken to line by line. Every line it writes must be a JSON-RPC message.</summary>
internal sealed class McpSession : IDisposable
{
    private readonly Process _child;
    private readonly Task<string> _error;
    private readonly Dictionary<string, JsonNode> _replies = [];

    public McpSession(Agentrag agentrag, params string[] args)
    {
        _child = agentrag.Start(["mcp", .. args]);
        _error = _child.StandardError.ReadToEndAsync();
    }

    public Task WriteAsync(string line) => _child.StandardInput.WriteLineAsync(line);

    public Task CallAsync(string id, string tool, string arguments) =>
        WriteAsync($$$"""{"jsonrpc":"2.0","id":"{{{id}}}","method":"tools/call","params":{"name":"{{{tool}}}","arguments":{{{arguments}}} } }""");

    public async Task<JsonNode> InitializeAsync()
    {
        await WriteAsync(
            """{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""");
        var reply = await ReplyAsync("hello");
        await WriteAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        return reply;
    }

    /// <summary>Reads until the reply to a request is there: replies come in any order.</summary>
    public async Task<JsonNode> ReplyAsync(string id)
    {
        await _child.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        while (!_replies.ContainsKey(id))
        {
            var line = await _child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.True(line is not null, $"The server ended before it replied to '{id}'.");
            Keep(line);
        }

        return _replies[id];
    }

    /// <summary>Closes the server's input and waits for its end.</summary>
    /// <returns>The exit code and what was written to standard error.</returns>
    public async Task<(int ExitCode, string Error)> CloseAsync()
    {
        _child.StandardInput.Close();
        while (await _child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            Keep(line);
        }

        await _child.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (_child.ExitCode, await _error);
    }

    public void Dispose()
    {
        if (!_child.HasExited)
        {
            _child.Kill();
            _child.WaitForExit();
        }

        _child.Dispose();
    }

    private void Keep(string line)
    {
        var message = JsonNode.Parse(line)!;
        Assert.Equal("2.0", (string?)message["jsonrpc"]);
        if (message["id"] is { } id)
        {
            _replies.Add(id.ToString(), message);
        }
    }
}
