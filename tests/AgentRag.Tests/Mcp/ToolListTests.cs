using System.Text;
using System.Text.Json;
using AgentRag.Plugin;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using Xunit;

namespace AgentRag.Tests.Mcp;

public sealed class ToolListTests
{
    // Descriptions are read by models in every conversation: whoever changes a tool sees here what clients will see.
    private const string Expected = """
        allocate_budget (Allocate a token budget): budget integer [1, 2147483647] required -> budget, recommended, alternatives, note
        answer (Answer step by step): question string; k integer [0, 1000] = 5; m integer [0, 256] = 2; n integer [1, 32] = 5; budget integer [0, 2147483647] = 0; max_tokens integer [200, 100000] = 8000; scope string; state string; reply string -> question, answer, found, citations, steps, strategy, model, parametersUsed, effectiveContextTokens, requests, stopReason, trimmed, droppedCitations, usage, earlierQuestion, instructions, prompt, passages, replyStartsWith, iteration, maxIterations, budgetTokens, state, note
        answer_with_demonstrations (Answer in one pass): question string required; k integer [0, 1000] = 10; m integer [0, 256] = 2; budget integer [0, 2147483647] = 0; max_tokens integer [200, 100000] = 8000; scope string -> question, answer, found, citations, steps, strategy, model, parametersUsed, effectiveContextTokens, requests, stopReason, trimmed, droppedCitations, usage, earlierQuestion, instructions, prompt, passages, replyStartsWith, iteration, maxIterations, budgetTokens, state, note
        decompose (Decompose a question): question string required; limit integer [1, 10] = 5 -> question, subQueries, instructions, prompt, passages, replyStartsWith, iteration, maxIterations, effectiveContextTokens, budgetTokens, state, note
        index_documents (Bring the index up to date): action string status|start = status -> state, filesDone, filesTotal, documents, passages, skippedFiles, note
        list_sources (List the indexed documents): scope string; max_tokens integer [200, 100000] = 8000; cursor string -> totalDocuments, totalPassages, sources, nextCursor
        read_passage (Read a passage in its document): id string required; before integer [0, 20] = 1; after integer [0, 20] = 1; max_tokens integer [200, 100000] = 8000 -> documentId, title, source, passages, note
        retrieve (Retrieve passages): query string required; k integer [1, 50] = 5; max_tokens integer [200, 100000] = 8000; response_format string detailed|concise = detailed; scope string; cursor string -> query, passages, nextCursor, note

        """;

    [Theory]
    [InlineData("2025-06-18"), InlineData("2025-11-25"), InlineData("2026-07-28")]
    public async Task Tools_come_in_a_fixed_order_with_title_types_ranges_and_defaults_in_both_eras(string protocolVersion)
    {
        var list = new StringBuilder();
        foreach (var tool in await ToolsAsync(protocolVersion))
        {
            list.Append(tool.Name).Append(" (").Append(tool.Title).Append("): ").AppendJoin("; ", tool.InputSchema.GetProperty("properties").EnumerateObject()
                .Select(property => Describe(property, tool.InputSchema)))
                .Append(" -> ").AppendJoin(", ", tool.OutputSchema!.Value.GetProperty("properties").EnumerateObject().Select(property => property.Name)).Append('\n');
        }

        Assert.Equal(Expected, list.ToString());
    }

    [Fact]
    public async Task Every_tool_but_the_one_that_indexes_is_declared_as_reading_only_and_all_as_idempotent_and_closed()
    {
        foreach (var tool in await ToolsAsync())
        {
            var annotations = tool.Annotations!;
            Assert.Equal(
                tool.Name == "index_documents" ? (false, false, true, false) : (true, null, null, false),
                (annotations.ReadOnlyHint, annotations.DestructiveHint, annotations.IdempotentHint, annotations.OpenWorldHint));
        }
    }

    [Fact]
    public async Task Schemas_use_one_plain_type_everywhere_and_no_reference()
    {
        foreach (var tool in await ToolsAsync())
        {
            Check(tool.InputSchema);
            Check(tool.OutputSchema!.Value);
        }

        static void Check(JsonElement schema)
        {
            Assert.False(schema.TryGetProperty("$ref", out _));
            var type = schema.GetProperty("type");
            Assert.Equal(JsonValueKind.String, type.ValueKind);
            if (type.ValueEquals("array"))
            {
                Check(schema.GetProperty("items"));
            }
            else if (schema.TryGetProperty("properties", out var properties))
            {
                foreach (var property in properties.EnumerateObject())
                {
                    Assert.Matches("^[a-z][a-zA-Z_]*$", property.Name);
                    Check(property.Value);
                }
            }
        }
    }

    [Fact]
    public async Task Names_and_texts_fit_the_strictest_client()
    {
        foreach (var tool in await ToolsAsync())
        {
            // Cursor takes 60 characters for server and tool; Claude Code cuts descriptions at 2 KB.
            Assert.Matches("^[a-z_]{1,30}$", tool.Name);
            Assert.InRange(Encoding.UTF8.GetByteCount(tool.Description!), 50, 2047);
        }
    }

    [Fact]
    public async Task All_definitions_together_stay_within_three_thousand_tokens()
    {
        var tools = await ToolsAsync();
        Assert.Equal(8, tools.Count);
        // Measured with o200k_base: 4.3 characters are a token here, so this is a good deal below 3,000.
        Assert.InRange(JsonSerializer.Serialize(tools, McpJsonUtilities.DefaultOptions).Length, 1, 11_000);
    }

    private static string Describe(JsonProperty property, JsonElement schema)
    {
        var (type, value) = (property.Value.GetProperty("type").GetString(), property.Value);
        var range = value.TryGetProperty("enum", out var choices) ? $" {string.Join("|", choices.EnumerateArray())}"
            : type == "integer" ? $" [{value.GetProperty("minimum")}, {value.GetProperty("maximum")}]"
            : "";
        return $"{property.Name} {type}{range}{(IsRequired(schema, property.Name) ? " required" : value.TryGetProperty("default", out var preset) ? $" = {preset}" : "")}";
    }

    private static bool IsRequired(JsonElement schema, string name) =>
        schema.GetProperty("required").EnumerateArray().Any(required => required.ValueEquals(name));

    private static async Task<IReadOnlyList<Tool>> ToolsAsync(string? protocolVersion = null)
    {
        await using var indexing = new IndexJob((_, _) => throw new NotSupportedException("Nothing is indexed here."));
        await using var served = new ServedPlugin(BridgeCorpus.Plugin(indexing: indexing));
        await using var client = await served.ConnectAsync(protocolVersion);
        return [.. (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(tool => tool.ProtocolTool)];
    }
}
