using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using AgentRag.Http;
using AgentRag.Mcp;
using AgentRag.Plugin;
using AgentRag.Tests.Mcp;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentRag.Tests.Http;

/// <summary>The HTTP face over the bridge corpus on a free port of this machine.</summary>
internal sealed class ServedHttp : IAsyncDisposable
{
    public const string Token = "0123456789abcdef0123456789abcdef";

    private const string Meta = """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}""";

    private readonly CancellationTokenSource _ending = new();
    private readonly AgentRagPlugin _plugin;

    private ServedHttp(AgentRagPlugin plugin, HttpFaceOptions options, ILoggerFactory loggers, TaskCompletionSource<Uri> listening)
    {
        _plugin = plugin;
        Completion = HttpFace.RunAsync(plugin, PluginServer.Factory(plugin, loggers), options with { Port = 0 }, loggers, listening.SetResult, _ending.Token);
    }

    public HttpClient Client { get; private set; } = null!;

    public Task Completion { get; }

    public static async Task<ServedHttp> StartAsync(HttpFaceOptions? options = null, AgentRagPlugin? plugin = null, ILoggerFactory? loggers = null)
    {
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var served = new ServedHttp(plugin ?? BridgeCorpus.Plugin(), options ?? new(), loggers ?? NullLoggerFactory.Instance, listening);
        var first = await Task.WhenAny(listening.Task, served.Completion);
        await first;
        served.Client = new HttpClient { BaseAddress = await listening.Task };
        if (options?.Token is { } token)
        {
            served.Client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        return served;
    }

    public Task<HttpResponseMessage> GetAsync(string path) => Client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    public async Task<HttpResponseMessage> PostAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends an MCP request of the era without sessions, with the headers it needs.</summary>
    public Task<HttpResponseMessage> ModernAsync(string method, string parameters = "", string? name = null, params (string Name, string Value)[] headers) => PostAsync(
        "/mcp",
        $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{{{{(parameters.Length == 0 ? "" : parameters + ",")}}}"_meta":{{{Meta}}} } }""",
        [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method), .. name is null ? Array.Empty<(string, string)>() : [("Mcp-Name", name)], .. headers]);

    /// <summary>The JSON-RPC message in a reply, be it a stream or not.</summary>
    public static async Task<JsonNode> MessageAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return JsonNode.Parse(response.Content.Headers.ContentType?.MediaType == "text/event-stream"
            ? text.Split('\n').Last(line => line.StartsWith("data:", StringComparison.Ordinal))["data:".Length..]
            : text)!;
    }

    public Task EndAsync() => _ending.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await Completion;
        Client.Dispose();
        _ending.Dispose();
        _plugin.Dispose();
    }
}
