using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Conformance;

/// <summary>What the conformance suite asks for by name. Names and texts are the suite's.</summary>
internal static class Fixture
{
    // A picture of one point and a sound of no length.
    private static readonly byte[] Picture = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==");
    private static readonly byte[] Sound = Convert.FromBase64String("UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=");

    private static readonly JsonElement Schema2020 = JsonElement.Parse("""
        {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
         "$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
         "properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},
                       "contactMethod":{"type":"string","enum":["phone","email"]},"phone":{"type":"string"},"email":{"type":"string"}},
         "allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
         "if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},"then":{"required":["phone"]},"else":{"required":["email"]},
         "additionalProperties":false}
        """);

    public static McpServerPrimitiveCollection<McpServerTool> Tools() =>
    [
        Tool("test_simple_text", () => Text("This is a simple text response for testing.")),
        Tool("test_image_content", () => Content(ImageContentBlock.FromBytes(Picture, "image/png"))),
        Tool("test_audio_content", () => Content(AudioContentBlock.FromBytes(Sound, "audio/wav"))),
        Tool("test_embedded_resource", () => Content(Embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."))),
        Tool("test_multiple_content_types", () => Content(
            new TextContentBlock { Text = "Multiple content types test:" },
            ImageContentBlock.FromBytes(Picture, "image/png"),
            Embedded("test://mixed-content-resource", "application/json", """{"test":"data","value":123}"""))),
        Tool("test_tool_with_logging", async (McpServer server) =>
        {
            foreach (var step in (string[])["Tool execution started", "Tool processing data", "Tool execution completed"])
            {
                await InputRequests.LogAsync(server, step);
            }

            return Text("done");
        }),
        Tool("test_error_handling", () => new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = "This tool intentionally returns an error for testing" }] }),
        Tool("test_tool_with_progress", async (IProgress<ProgressNotificationValue> progress) =>
        {
            for (var done = 0; done <= 100; done += 50)
            {
                progress.Report(new ProgressNotificationValue { Progress = done, Total = 100, Message = $"Completed step {done} of 100" });
                await Task.Delay(50);
            }

            return Text("done");
        }),
        new SchemaTool(),
        .. InputRequests.Tools(),
    ];

    public static McpServerResourceCollection Resources() =>
    [
        McpServerResource.Create(
            () => new TextResourceContents { Uri = "test://static-text", MimeType = "text/plain", Text = "This is the content of the static text resource." },
            new() { UriTemplate = "test://static-text", Name = "static-text", Description = "A text", MimeType = "text/plain" }),
        McpServerResource.Create(
            () => BlobResourceContents.FromBytes(Picture, "test://static-binary", "image/png"),
            new() { UriTemplate = "test://static-binary", Name = "static-binary", Description = "A picture", MimeType = "image/png" }),
        McpServerResource.Create(
            () => new TextResourceContents { Uri = "test://watched-resource", MimeType = "text/plain", Text = "Watched" },
            new() { UriTemplate = "test://watched-resource", Name = "watched-resource", Description = "A text", MimeType = "text/plain" }),
        McpServerResource.Create(
            (string id) => new TextResourceContents { Uri = $"test://template/{id}/data", MimeType = "application/json", Text = JsonSerializer.Serialize(new { id, templateTest = true, data = $"Data for ID: {id}" }) },
            new() { UriTemplate = "test://template/{id}/data", Name = "template", Description = "A template", MimeType = "application/json" }),
    ];

    public static McpServerPrimitiveCollection<McpServerPrompt> Prompts() =>
    [
        McpServerPrompt.Create(() => Messages(new TextContentBlock { Text = "This is a simple prompt for testing." }), new() { Name = "test_simple_prompt", Description = "A prompt" }),
        McpServerPrompt.Create(
            (string arg1, string arg2) => Messages(new TextContentBlock { Text = $"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'" }),
            new() { Name = "test_prompt_with_arguments", Description = "A prompt with arguments" }),
        McpServerPrompt.Create(
            (string resourceUri) => Messages(Embedded(resourceUri, "text/plain", "Embedded resource content for testing."), new TextContentBlock { Text = "Please process the embedded resource above." }),
            new() { Name = "test_prompt_with_embedded_resource", Description = "A prompt with a resource" }),
        McpServerPrompt.Create(
            () => Messages(ImageContentBlock.FromBytes(Picture, "image/png"), new TextContentBlock { Text = "Please analyze the image above." }),
            new() { Name = "test_prompt_with_image", Description = "A prompt with a picture" }),
        InputRequests.Prompt(),
    ];

    /// <summary>How long lists may be kept, as the product says of its own.</summary>
    public static McpServerFilters Caching()
    {
        var (minutes, filters) = (TimeSpan.FromMinutes(10), new McpServerFilters());
        filters.Request.ListToolsFilters.Add(next => async (request, cancellationToken) => Kept(await next(request, cancellationToken), minutes));
        filters.Request.ListPromptsFilters.Add(next => async (request, cancellationToken) => Kept(await next(request, cancellationToken), minutes));
        filters.Request.ListResourcesFilters.Add(next => async (request, cancellationToken) => Kept(await next(request, cancellationToken), minutes));
        filters.Request.ListResourceTemplatesFilters.Add(next => async (request, cancellationToken) => Kept(await next(request, cancellationToken), minutes));
        filters.Request.ReadResourceFilters.Add(next => async (request, cancellationToken) => Kept(await next(request, cancellationToken), minutes));
        return filters;
    }

    private static T Kept<T>(T result, TimeSpan time)
        where T : ICacheableResult
    {
        (result.TimeToLive, result.CacheScope) = (time, CacheScope.Private);
        return result;
    }

    private static McpServerTool Tool(string name, Delegate run) => McpServerTool.Create(run, new() { Name = name, Description = $"The suite's {name}" });

    private static CallToolResult Text(string text) => Content(new TextContentBlock { Text = text });

    private static CallToolResult Content(params ContentBlock[] blocks) => new() { Content = [.. blocks] };

    private static EmbeddedResourceBlock Embedded(string uri, string type, string text) => new() { Resource = new TextResourceContents { Uri = uri, MimeType = type, Text = text } };

    private static GetPromptResult Messages(params ContentBlock[] blocks) => new() { Messages = [.. blocks.Select(block => new PromptMessage { Role = Role.User, Content = block })] };

    /// <summary>A tool whose schema uses what is new in the draft of 2020: it must be passed on as it is.</summary>
    private sealed class SchemaTool : McpServerTool
    {
        public override Tool ProtocolTool { get; } = new() { Name = "json_schema_2020_12_tool", Description = "Tool with JSON Schema 2020-12 features", InputSchema = Schema2020 };

        public override IReadOnlyList<object> Metadata => [];

        public override ValueTask<CallToolResult> InvokeAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken = default) => ValueTask.FromResult(Text("done"));
    }
}
