using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Xunit;

namespace AgentRag.Tests.Mcp;

public sealed class ResourceAndPromptTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("2025-11-25"), InlineData("2026-07-28")]
    public async Task Documents_are_listed_and_read_and_so_are_passages(string era)
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync(era);
        var resources = await client.ListResourcesAsync(cancellationToken: Cancel);
        Assert.Equal(["bridge", "quill", "ferry"], resources.Select(resource => resource.Name));
        var document = await client.ReadResourceAsync("agentrag://document/bridge", cancellationToken: Cancel);
        Assert.Equal($"# Lorn Bridge\n\n{BridgeCorpus.Passages[0].Text}\n", Text(document));
        var passage = await client.ReadResourceAsync("agentrag://passage/quill%231", cancellationToken: Cancel);
        Assert.Equal(BridgeCorpus.Passages[1].Text, Text(passage));
        Assert.Equal(["document", "passage"], (await client.ListResourceTemplatesAsync(cancellationToken: Cancel)).Select(template => template.Name));
    }

    [Theory]
    [InlineData("2025-11-25", McpErrorCode.ResourceNotFound)]
    [InlineData("2026-07-28", McpErrorCode.InvalidParams)]
    public async Task What_is_not_there_is_said_in_the_words_of_the_era(string era, McpErrorCode code)
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync(era);
        foreach (var uri in new[] { "agentrag://document/none", "agentrag://passage/none", "agentrag://passage/", "file:///etc/passwd", "agentrag://document/..%2F..%2Fetc%2Fpasswd" })
        {
            var fault = await Assert.ThrowsAsync<McpProtocolException>(async () => await client.ReadResourceAsync(uri, cancellationToken: Cancel));
            Assert.Equal((code, uri), (fault.ErrorCode, $"{fault.Data["uri"]}"));
        }
    }

    [Fact]
    public async Task The_id_in_a_template_is_completed()
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync();
        var completed = await client.CompleteAsync(new ResourceTemplateReference { Uri = "agentrag://document/{id}" }, "id", "BR", cancellationToken: Cancel);
        Assert.Equal(["bridge"], completed.Completion.Values);
        var unknown = await client.CompleteAsync(new PromptReference { Name = "drag" }, "question", "x", cancellationToken: Cancel);
        Assert.Empty(unknown.Completion.Values);
    }

    [Theory]
    [InlineData("drag", "answer_with_demonstrations"), InlineData("iterdrag", "answer")]
    public async Task A_prompt_names_question_scope_and_the_tool_to_call(string prompt, string tool)
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync();
        Assert.Contains(await client.ListPromptsAsync(cancellationToken: Cancel), listed => listed.Name == prompt);
        var result = await client.GetPromptAsync(prompt, new Dictionary<string, object?> { ["question"] = "Who \"built\" it?", ["scope"] = "docs/a" }, cancellationToken: Cancel);
        var text = ((TextContentBlock)result.Messages.Single().Content).Text;
        Assert.Contains($$"""with the tool {{tool}} of agentrag: Who "built" it?""", text, StringComparison.Ordinal);
        Assert.Contains("""{"question":"Who \"built\" it?","scope":"docs/a"}""", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_without_a_question_or_of_another_name_is_refused()
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync();
        Assert.Contains("needs a 'question'", (await Assert.ThrowsAsync<McpProtocolException>(async () => await client.GetPromptAsync("drag", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("use drag or iterdrag", (await Assert.ThrowsAsync<McpProtocolException>(async () => await client.GetPromptAsync("x", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
    }

#pragma warning disable MCP9005 // Sampling is tested as long as it is served.
    [Theory]
    [InlineData("2025-11-25"), InlineData("2026-07-28")]
    public async Task In_sampling_mode_the_clients_model_is_asked_in_several_round_trips(string era)
    {
        var plugin = new AgentRag.Plugin.AgentRagPlugin(BridgeCorpus.Context(model: new ScriptedModel(_ => throw new InvalidOperationException("The server's model may not be asked."))) with
        {
            Mode = AgentRag.Plugin.AnsweringMode.Sampling,
        });
        List<string> asked = [];
        await using var served = new ServedPlugin(plugin);
        var options = new McpClientOptions
        {
            ProtocolVersion = era,
            Handlers = new McpClientHandlers
            {
                SamplingHandler = (request, _, _) =>
                {
                    var text = ((TextContentBlock)request!.Messages[0].Content[0]).Text;
                    asked.Add(text);
                    var reply = text.Contains("Intermediate answer: not found", StringComparison.Ordinal) ? "Intermediate answer: Tamsel"
                        : asked.Count == 1 ? "Follow up: Where was Ada Quill born?"
                        : "So the final answer is: Tamsel";
                    return ValueTask.FromResult(new CreateMessageResult { Model = "fake", Role = Role.Assistant, Content = [new TextContentBlock { Text = reply }] });
                },
            },
        };
        await using var client = await served.ConnectAsync(options);
        var result = await ServedPlugin.CallAsync(client, "answer", $$"""{"question": "{{BridgeCorpus.Question}}", "k": 1}""");
        Assert.NotEqual(true, result.IsError);
        Assert.Equal("Tamsel", result.StructuredContent!.Value.GetProperty("answer").GetString());
        Assert.Equal(3, asked.Count);
    }
#pragma warning restore MCP9005

    [Fact]
    public async Task In_sampling_mode_a_client_without_a_model_is_told_what_to_do()
    {
        var plugin = new AgentRag.Plugin.AgentRagPlugin(BridgeCorpus.Context() with { Mode = AgentRag.Plugin.AnsweringMode.Sampling });
        var result = await ServedPlugin.CallAsync("answer", """{"question": "Who?"}""", plugin);
        Assert.Equal(
            "This client offers no model to the server: start the server with --answering host, or with a model and --answering chat.",
            ((TextContentBlock)result.Content[0]).Text);
    }

    private static string Text(ReadResourceResult result) => ((TextResourceContents)Assert.Single(result.Contents)).Text;
}
