// The C# of README.md and of the packages' READMEs, line for line: a test compares them, so that what they show compiles. Nothing here is run.
using AgentRag.Mcp;
using AgentRag.Plugin;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;

namespace AgentRag.Samples;

internal static class ReadmeLines
{
    public static void Project(ServiceCollection services, IConfiguration configuration, IServiceProvider provider, Kernel kernel, IChatClient chat, IChatClient chatClient)
    {
        services.AddSingleton<IChatClient>(chat);
        services.AddAgentRag(configuration.GetSection("AgentRag"));

        var plugin = provider.GetRequiredService<AgentRagPlugin>();
        kernel.Plugins.AddFromFunctions("agentrag", plugin.AsAIFunctions().Select(function => function.AsKernelFunction()));
        AIAgent agent = chatClient.AsAIAgent(tools: [.. plugin.AsAIFunctions()]);
        Use(agent);
    }

    public static async Task LibraryAsync(IServiceProvider provider, IChatClient chat)
    {
        var plugin = provider.GetRequiredService<AgentRagPlugin>();
        var answer = await plugin.AnswerAsync("Who led the company that built the pier where the ferry was lost?");
        Use(answer.Answer);
        AIAgent agent = chat.AsAIAgent(tools: [.. plugin.AsAIFunctions()]);
        Use(agent);
    }

    public static async Task McpAsync(PluginContext context, CancellationToken cancellationToken)
    {
        using var plugin = new AgentRagPlugin(context);
        await McpStdioServer.RunAsync(plugin, cancellationToken);
    }

    private static void Use(object used) => ArgumentNullException.ThrowIfNull(used);
}
