using System.Text;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using Xunit;

namespace AgentRag.Tests.Mcp;

public sealed class ToolListTests
{
    // Descriptions are read by models in every conversation: whoever changes a tool sees here what clients will see.
    private const string Expected = """
        allocate_budget (Allocate a token budget): budget integer [1, 2147483647] required
        answer (Answer step by step): question string [1, 2000] required; k integer [0, 1000] = 5; m integer [0, 256] = 2; n integer [1, 32] = 5; budget integer [0, 2147483647] = 0
        answer_with_demonstrations (Answer in one pass): question string [1, 2000] required; k integer [0, 1000] = 10; m integer [0, 256] = 2; budget integer [0, 2147483647] = 0
        decompose (Decompose a question): question string [1, 2000] required; limit integer [1, 10] = 5
        retrieve (Retrieve passages): query string [1, 2000] required; k integer [1, 50] = 5

        """;

    [Theory]
    [InlineData("2025-06-18"), InlineData("2025-11-25"), InlineData("2026-07-28")]
    public async Task Tools_come_in_a_fixed_order_with_title_types_ranges_and_defaults_in_both_eras(string protocolVersion)
    {
        var list = new StringBuilder();
        foreach (var tool in await ToolsAsync(protocolVersion))
        {
            list.Append(tool.Name).Append(" (").Append(tool.Title).Append("): ").AppendJoin("; ", tool.InputSchema.GetProperty("properties").EnumerateObject()
                .Select(property => Describe(property, tool.InputSchema))).Append('\n');
        }

        Assert.Equal(Expected, list.ToString());
    }

    [Fact]
    public async Task Every_tool_is_declared_as_reading_only_idempotent_and_closed()
    {
        foreach (var tool in await ToolsAsync())
        {
            var annotations = tool.Annotations!;
            Assert.Equal((true, false, true, false), (annotations.ReadOnlyHint, annotations.DestructiveHint, annotations.IdempotentHint, annotations.OpenWorldHint));
        }
    }

    [Fact]
    public async Task Schemas_use_one_plain_type_everywhere_and_require_every_output()
    {
        foreach (var tool in await ToolsAsync())
        {
            Check(tool.InputSchema, requireAll: false);
            Check(tool.OutputSchema!.Value, requireAll: true);
        }

        static void Check(JsonElement schema, bool requireAll)
        {
            var type = schema.GetProperty("type");
            Assert.Equal(JsonValueKind.String, type.ValueKind);
            if (type.ValueEquals("array"))
            {
                Check(schema.GetProperty("items"), requireAll);
            }
            else if (type.ValueEquals("object"))
            {
                foreach (var property in schema.GetProperty("properties").EnumerateObject())
                {
                    Assert.Matches("^[a-z][a-zA-Z]*$", property.Name);
                    Check(property.Value, requireAll);
                    Assert.True(IsRequired(schema, property.Name) || (!requireAll && property.Value.TryGetProperty("default", out _)), property.Name);
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
    public async Task All_definitions_together_stay_within_ten_thousand_characters() =>
        Assert.InRange(JsonSerializer.Serialize(await ToolsAsync(), McpJsonUtilities.DefaultOptions).Length, 1, 10_000);

    private static string Describe(JsonProperty property, JsonElement schema)
    {
        var (type, value) = (property.Value.GetProperty("type").GetString(), property.Value);
        var range = type == "string"
            ? (value.GetProperty("minLength"), value.GetProperty("maxLength"))
            : (value.GetProperty("minimum"), value.GetProperty("maximum"));
        return $"{property.Name} {type} [{range.Item1}, {range.Item2}] "
            + (IsRequired(schema, property.Name) ? "required" : $"= {value.GetProperty("default")}");
    }

    private static bool IsRequired(JsonElement schema, string name) =>
        schema.GetProperty("required").EnumerateArray().Any(required => required.ValueEquals(name));

    private static async Task<IReadOnlyList<Tool>> ToolsAsync(string? protocolVersion = null)
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync(protocolVersion);
        return [.. (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(tool => tool.ProtocolTool)];
    }
}
