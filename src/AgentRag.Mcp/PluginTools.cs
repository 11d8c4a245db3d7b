using AgentRag.Plugin;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>The plugin's functions as MCP tools.</summary>
internal static class PluginTools
{
    /// <summary>Makes one tool of each function of the plugin.</summary>
    public static IEnumerable<McpServerTool> From(AgentRagPlugin plugin) => plugin.AsAIFunctions().Select(Create);

    private static McpServerTool Create(AIFunction function)
    {
        var (title, example) = Describe(function.Name);
        return McpServerTool.Create(new McpFunction(function), new McpServerToolCreateOptions
        {
            Title = title,
            // All five read the index and change nothing.
            ReadOnly = true,
            Destructive = false,
            Idempotent = true,
            OpenWorld = false,
            UseStructuredContent = true,
            Metadata = [new ToolExample(example)],
        });
    }

    private static (string Title, string Example) Describe(string name) => name switch
    {
        "retrieve" => ("Retrieve passages", """{"query": "harbour bridge opening year", "k": 5}"""),
        "decompose" => ("Decompose a question", """{"question": "Where was the designer of the harbour bridge born?", "limit": 5}"""),
        "answer_with_demonstrations" => ("Answer in one pass", """{"question": "Who designed the harbour bridge?", "k": 10}"""),
        "answer" => ("Answer step by step", """{"question": "Where was the designer of the harbour bridge born?", "k": 5, "n": 5}"""),
        "allocate_budget" => ("Allocate a token budget", """{"budget": 32768}"""),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "The tool has no title and no example yet."),
    };
}

/// <summary>Arguments that a tool takes, as JSON: part of each error about arguments.</summary>
internal sealed record ToolExample(string Arguments);
