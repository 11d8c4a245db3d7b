// The smallest server on the SDK: no host, no container, no logging. What 'agentrag mcp' is measured against; see bench/README.md.
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

await using var transport = new StdioServerTransport("smallest");
var options = new McpServerOptions { ServerInfo = new Implementation { Name = "smallest", Version = "1.0.0" } };
switch (args)
{
    case ["tool"]:
        // One tool, as the SDK's own introduction writes it.
        options.ToolCollection = [McpServerTool.Create((string text) => text, new McpServerToolCreateOptions { Name = "echo" })];
        break;
    case ["handlers"]:
        // As many kinds of requests as AgentRag takes, with nothing behind them.
        options.Capabilities = new ServerCapabilities { Tools = new(), Resources = new(), Prompts = new(), Completions = new() };
        options.Handlers = new McpServerHandlers
        {
            ListToolsHandler = (_, _) => ValueTask.FromResult(new ListToolsResult()),
            CallToolHandler = (_, _) => ValueTask.FromResult(new CallToolResult()),
            ListResourcesHandler = (_, _) => ValueTask.FromResult(new ListResourcesResult()),
            ListResourceTemplatesHandler = (_, _) => ValueTask.FromResult(new ListResourceTemplatesResult()),
            ReadResourceHandler = (_, _) => ValueTask.FromResult(new ReadResourceResult()),
            CompleteHandler = (_, _) => ValueTask.FromResult(new CompleteResult()),
            ListPromptsHandler = (_, _) => ValueTask.FromResult(new ListPromptsResult()),
            GetPromptHandler = (_, _) => ValueTask.FromResult(new GetPromptResult()),
        };
        break;
    default:
        break;
}

await using var server = McpServer.Create(transport, options);
await server.RunAsync();
