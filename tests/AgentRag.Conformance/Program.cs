// The server that the public conformance suite asks: its tools, resources and prompts behind AgentRag's own HTTP face. tests/AgentRag.Conformance/run.sh runs the suite against it.
using AgentRag.Conformance;
using AgentRag.Http;
using AgentRag.Mcp;
using AgentRag.Plugin;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

using var ending = new CancellationTokenSource();
Console.CancelKeyPress += (_, interrupt) =>
{
    interrupt.Cancel = true;
    ending.Cancel();
};
using var plugin = new AgentRagPlugin(_ => throw new InvalidOperationException("The suite calls none of AgentRag's tools."));
using var log = new StandardErrorLog();
await HttpFace.RunAsync(
    plugin,
    () => new McpServerOptions
    {
        ServerInfo = new Implementation { Name = "agentrag-conformance", Version = "1" },
        Capabilities = new ServerCapabilities { Completions = new CompletionsCapability() },
        ToolCollection = Fixture.Tools(),
        ResourceCollection = Fixture.Resources(),
        PromptCollection = Fixture.Prompts(),
        Handlers = new McpServerHandlers
        {
            CompleteHandler = (_, _) => ValueTask.FromResult(new CompleteResult { Completion = new Completion { Values = ["test"], Total = 1, HasMore = false } }),
        },
        Filters = Fixture.Caching(),
    },
    new HttpFaceOptions { Port = args is [var port] ? int.Parse(port, System.Globalization.CultureInfo.InvariantCulture) : 8080 },
    log,
    address => Console.Error.WriteLine($"serving at {address}mcp"),
    ending.Token);
