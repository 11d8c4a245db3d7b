using System.Text.Json;
using ModelContextProtocol.Protocol;
using Xunit;

namespace AgentRag.Tests.Mcp;

public sealed class ToolResultTests
{
    public static TheoryData<string, string, string> Calls
    {
        get
        {
            var calls = new TheoryData<string, string, string>();
            foreach (var era in new[] { "2025-11-25", "2026-07-28" })
            {
                calls.Add(era, "retrieve", """{"query": "Lorn Bridge designer"}""");
                calls.Add(era, "decompose", $$"""{"question": "{{BridgeCorpus.Question}}"}""");
                calls.Add(era, "answer_with_demonstrations", $$"""{"question": "{{BridgeCorpus.Question}}"}""");
                calls.Add(era, "answer", $$"""{"question": "{{BridgeCorpus.Question}}", "k": 1}""");
                calls.Add(era, "allocate_budget", """{"budget": 32768}""");
            }

            return calls;
        }
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Text_and_structured_content_say_the_same_and_fit_the_output_schema(string era, string tool, string arguments)
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync(era);
        var declared = (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Single(listed => listed.Name == tool);
        var result = await ServedPlugin.CallAsync(client, tool, arguments);

        Assert.NotEqual(true, result.IsError);
        var text = Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
        var structured = result.StructuredContent!.Value;
        Assert.True(JsonElement.DeepEquals(structured, JsonDocument.Parse(text).RootElement), text);
        RequireFits(structured, declared.ProtocolTool.OutputSchema!.Value);
    }

    [Fact]
    public async Task Retrieve_returns_the_passages_with_title_source_and_text_best_first()
    {
        var passages = await StructuredAsync("retrieve", """{"query": "Lorn Bridge designer", "k": 2}""", "passages");
        Assert.Equal("bridge#1 bridge 'Lorn Bridge' bridge.md 1", Describe(passages[0]));
        Assert.Equal(BridgeCorpus.Passages[0].Text, passages[0].GetProperty("text").GetString());

        static string Describe(JsonElement passage) =>
            $"{passage.GetProperty("passageId")} {passage.GetProperty("documentId")} '{passage.GetProperty("title")}' {passage.GetProperty("source")} {passage.GetProperty("rank")}";
    }

    [Fact]
    public async Task Retrieve_returns_an_empty_list_when_nothing_matches() =>
        Assert.Equal(0, (await StructuredAsync("retrieve", """{"query": "zzzz"}""", "passages")).GetArrayLength());

    [Fact]
    public async Task Text_carries_no_indentation_that_a_model_would_pay_for()
    {
        var result = await ServedPlugin.CallAsync("decompose", """{"question": "Why?"}""");
        Assert.Equal(
            """{"question":"Why?","subQueries":["Who was the designer of the Lorn Bridge?","Where was #1 born?"]}""",
            ((TextContentBlock)result.Content[0]).Text);
    }

    [Fact]
    public async Task Text_keeps_letters_beyond_ascii_as_they_are()
    {
        var result = await ServedPlugin.CallAsync("retrieve", """{"query": "Quill engineer"}""");
        Assert.Contains("Größe und «Fluß»", ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decompose_returns_the_sub_queries() => Assert.Equal(
        """["Who was the designer of the Lorn Bridge?","Where was #1 born?"]""",
        (await StructuredAsync("decompose", $$"""{"question": "{{BridgeCorpus.Question}}"}""", "subQueries")).GetRawText());

    [Fact]
    public async Task Answer_returns_the_answer_with_its_steps_and_citation()
    {
        var result = (await ServedPlugin.CallAsync("answer", $$"""{"question": "{{BridgeCorpus.Question}}", "k": 1}""")).StructuredContent!.Value;
        Assert.Equal("Tamsel", result.GetProperty("answer").GetString());
        Assert.True(result.GetProperty("found").GetBoolean());
        Assert.Equal("""[{"subQuery":"Where was Ada Quill born?","intermediateAnswer":"Tamsel"}]""", result.GetProperty("steps").GetRawText());
        Assert.Equal(
            """[{"passageId":"quill#1","documentId":"quill","title":"Ada Quill","source":"quill.md"}]""", result.GetProperty("citations").GetRawText());
        Assert.Equal(
            ("iterdrag", "scripted", "finalAnswer"),
            (result.GetProperty("strategy").GetString(), result.GetProperty("model").GetString(), result.GetProperty("stopReason").GetString()));
    }

    [Fact]
    public async Task Answer_with_demonstrations_sends_one_request() =>
        Assert.Equal(1, (await StructuredAsync("answer_with_demonstrations", $$"""{"question": "{{BridgeCorpus.Question}}"}""", "requests")).GetInt32());

    [Theory]
    [InlineData("""{"query": "Quill Lorn ferry", "k": 2}""", 2)]
    [InlineData("""{"query": "Quill Lorn ferry", "k": "2"}""", 2)]
    [InlineData("""{"query": "Quill Lorn ferry", "k": 2.0}""", 2)]
    [InlineData("""{"query": "Quill Lorn ferry", "k": 2e0}""", 2)]
    [InlineData("""{"query": "Quill Lorn ferry", "k": null}""", 3)] // the default, 5, is more than there are
    [InlineData("""{"query": "Quill Lorn ferry", "k": ""}""", 3)]
    [InlineData("""{"query": "Quill Lorn ferry", "max_results": 1}""", 1)] // another name of k
    [InlineData("""{"q": "Quill Lorn ferry", "topK": 1}""", 1)]
    [InlineData("""{"query": "Quill Lorn ferry", "k": 2, "limit": 1}""", 2)] // its own name goes first
    [InlineData("""{"query": "Quill Lorn ferry", "sort": "date"}""", 3)] // no argument of retrieve
    public async Task Arguments_are_taken_in_the_forms_that_models_send(string arguments, int passages) =>
        Assert.Equal(passages, (await StructuredAsync("retrieve", arguments, "passages")).GetArrayLength());

    [Fact]
    public async Task Eight_calls_run_side_by_side_and_each_gets_its_own_reply()
    {
        await using var served = new ServedPlugin(BridgeCorpus.Plugin(new GatheringRetriever(8)));
        await using var client = await served.ConnectAsync();
        var results = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => ServedPlugin.CallAsync(client, "retrieve", $$"""{"query": "Quill {{i}}"}""")));
        Assert.Equal(
            Enumerable.Range(1, 8).Select(i => $"Quill {i}"),
            results.Select(result => result.StructuredContent!.Value.GetProperty("query").GetString()));
    }

    private static async Task<JsonElement> StructuredAsync(string tool, string arguments, string property) =>
        (await ServedPlugin.CallAsync(tool, arguments)).StructuredContent!.Value.GetProperty(property);

    private static void RequireFits(JsonElement value, JsonElement schema)
    {
        var type = schema.GetProperty("type").GetString();
        Assert.Equal(type, value.ValueKind switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            JsonValueKind.Number => type == "integer" && value.TryGetInt64(out _) ? "integer" : "number",
            _ => "null",
        });
        if (type == "object" && schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in value.EnumerateObject())
            {
                RequireFits(property.Value, properties.GetProperty(property.Name));
            }
        }
        else if (type == "array")
        {
            Assert.All(value.EnumerateArray(), item => RequireFits(item, schema.GetProperty("items")));
        }
    }
}
