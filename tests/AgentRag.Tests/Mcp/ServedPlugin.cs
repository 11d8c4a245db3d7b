using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Mcp;
using AgentRag.Plugin;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Xunit;

namespace AgentRag.Tests.Mcp;

/// <summary>A server over two pipes in this process, to be spoken to by the SDK's client or line by line.</summary>
internal sealed class ServedPlugin : IAsyncDisposable
{
    private readonly Pipe _toServer = new();
    private readonly Pipe _toClient = new();
    private readonly AgentRagPlugin _plugin;
    private readonly Lazy<StreamReader> _lines;

    public ServedPlugin(AgentRagPlugin? plugin = null, ILoggerFactory? loggers = null, CancellationToken cancellationToken = default)
    {
        _plugin = plugin ?? BridgeCorpus.Plugin();
        _lines = new Lazy<StreamReader>(() => new StreamReader(_toClient.Reader.AsStream()));
        Completion = McpStdioServer.RunAsync(
            _plugin,
            new StreamServerTransport(_toServer.Reader.AsStream(), _toClient.Writer.AsStream(), "agentrag"),
            loggers ?? NullLoggerFactory.Instance,
            cancellationToken);
    }

    /// <summary>Ends when the server ends.</summary>
    public Task Completion { get; }

    public Task<McpClient> ConnectAsync(string? protocolVersion = null) => ConnectAsync(new McpClientOptions { ProtocolVersion = protocolVersion });

    public Task<McpClient> ConnectAsync(McpClientOptions options) => McpClient.CreateAsync(
        new StreamClientTransport(_toServer.Writer.AsStream(), _toClient.Reader.AsStream()),
        options,
        cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Writes one line to the server's input.</summary>
    public async Task WriteAsync(string line)
    {
        await _toServer.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), TestContext.Current.CancellationToken);
    }

    /// <summary>Reads the next line of the server's output.</summary>
    public async Task<JsonNode> ReadAsync() =>
        JsonNode.Parse((await _lines.Value.ReadLineAsync(TestContext.Current.CancellationToken))!)!;

    /// <summary>Shakes hands line by line, in the era before 2026-07-28.</summary>
    public async Task InitializeAsync()
    {
        await WriteAsync(
            """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""");
        await ReadAsync();
        await WriteAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
    }

    /// <summary>Calls a tool through the SDK's client with arguments written as JSON.</summary>
    public static async Task<CallToolResult> CallAsync(McpClient client, string tool, string arguments) => await client.CallToolAsync(
        new CallToolRequestParams { Name = tool, Arguments = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(arguments) },
        TestContext.Current.CancellationToken);

    /// <summary>Calls a tool on a server of its own.</summary>
    public static async Task<CallToolResult> CallAsync(string tool, string arguments, AgentRagPlugin? plugin = null, ILoggerFactory? loggers = null)
    {
        await using var served = new ServedPlugin(plugin, loggers);
        await using var client = await served.ConnectAsync();
        return await CallAsync(client, tool, arguments);
    }

    /// <summary>Closes the server's input.</summary>
    public ValueTask CloseAsync() => _toServer.Writer.CompleteAsync();

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await Completion;
        _plugin.Dispose();
    }
}
