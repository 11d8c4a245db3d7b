using System.Security.Cryptography;
using AgentRag.Plugin;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Conformance;

#pragma warning disable MCP9005 // The suite asks for roots, sampling and logging, which are to go.

/// <summary>What the suite asks for by name about calls that end with a question for the client and come again with its answer. Names and texts are the suite's.</summary>
internal static class InputRequests
{
    private const string Purpose = "conformance";

    // The product's own seal: that a state which was changed is refused is shown of it.
    private static readonly StateSeal Seal = new(RandomNumberGenerator.GetBytes(32), TimeSpan.FromMinutes(5), TimeProvider.System);

    public static IEnumerable<McpServerTool> Tools() =>
    [
        Tool("test_input_required_result_elicitation", call => Elicited(call, "user_name") is { } name
            ? $"Hello, {Text(name, "name")}!"
            : throw Ask(("user_name", Form("What is your name?", "name")))),
        Tool("test_streaming_elicitation", call => Elicited(call, "user_name") is { } name
            ? $"Hello, {Text(name, "name")}!"
            : throw Ask(("user_name", Form("What is your name?", "name")))),
        Tool("test_input_required_result_sampling", call => Has(call, "capital_question") ? "The client's model replied." : throw Ask(("capital_question", Sample("What is the capital of France?", 100)))),
        Tool("test_input_required_result_list_roots", call => Find(Answers(call), "client_roots")?.Deserialize(InputResponse.ListRootsResultJsonTypeInfo) is { } roots
            ? $"roots: {string.Join(", ", roots.Roots.Select(root => root.Uri))}"
            : throw Ask(("client_roots", InputRequest.ForRootsList(new ListRootsRequestParams())))),
        Tool("test_input_required_result_request_state", call => Opened(call) is { } state && Has(call, "confirm") ? $"{state}-ok" : throw Ask("state", ("confirm", Confirm()))),
        Tool("test_input_required_result_tampered_state", call => Opened(call) is { } state && Has(call, "confirm") ? $"{state}-ok" : throw Ask("state", ("confirm", Confirm()))),
        Tool("test_input_required_result_multiple_inputs", call => Opened(call) is not null && Has(call, "user_name") && Has(call, "greeting") && Has(call, "client_roots")
            ? "All three are there."
            : throw Ask("all", ("user_name", Form("What is your name?", "name")), ("greeting", Sample("Generate a greeting", 50)), ("client_roots", InputRequest.ForRootsList(new ListRootsRequestParams())))),
        Tool("test_input_required_result_multi_round", call => (Opened(call), Has(call, "step1"), Has(call, "step2")) switch
        {
            ("round 2", _, true) => "Both steps are done.",
            ("round 1", true, _) => throw Ask("round 2", ("step2", Form("Step 2: What is your favorite color?", "color"))),
            _ => throw Ask("round 1", ("step1", Form("Step 1: What is your name?", "name"))),
        }),
        Tool("test_input_required_result_capabilities", call => Answers(call) is { Count: > 0 } ? "There was an answer." : throw Ask(
        [
            .. call.Server.ClientCapabilities?.Elicitation is null ? Array.Empty<(string, InputRequest)>() : [("user_name", Form("What is your name?", "name"))],
            .. call.Server.ClientCapabilities?.Sampling is null ? Array.Empty<(string, InputRequest)>() : [("greeting", Sample("Generate a greeting", 50))],
        ])),
        Tool("test_missing_capability", call => call.Server.ClientCapabilities?.Sampling is null
            ? throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Sampling = new SamplingCapability() })
            : "The client declares sampling."),
        Tool("test_logging_tool", call =>
        {
            using var log = call.Server.AsClientLoggerProvider();
            log.CreateLogger(Purpose).LogInformation("Sent only to a client that asks for it.");
            return "Logged.";
        }),
    ];

    public static McpServerPrompt Prompt() => McpServerPrompt.Create(
        (RequestContext<GetPromptRequestParams> call) => Find(call.Params!.InputResponses, "user_context")?.Deserialize(InputResponse.ElicitResultJsonTypeInfo) is { IsAccepted: true } context
            ? new GetPromptResult { Messages = [new PromptMessage { Role = Role.User, Content = new TextContentBlock { Text = $"Use this context: {Text(context, "context")}" } }] }
            : throw Ask(("user_context", Form("What context should the prompt use?", "context"))),
        new() { Name = "test_input_required_result_prompt", Description = "A prompt that asks the client first" });

    /// <summary>Says something to the client on the way, as servers of the eras with a handshake do.</summary>
    public static Task LogAsync(McpServer server, string text) => server.SendNotificationAsync(
        NotificationMethods.LoggingMessageNotification,
        new LoggingMessageNotificationParams { Level = LoggingLevel.Info, Logger = Purpose, Data = System.Text.Json.JsonSerializer.SerializeToElement(text) });

    private static McpServerTool Tool(string name, Func<RequestContext<CallToolRequestParams>, string> run) => McpServerTool.Create(
        (RequestContext<CallToolRequestParams> call) => new CallToolResult { Content = [new TextContentBlock { Text = run(call) }] }, new() { Name = name, Description = $"The suite's {name}" });

    private static IDictionary<string, InputResponse>? Answers(RequestContext<CallToolRequestParams> call) => call.Params!.InputResponses;

    private static InputResponse? Find(IDictionary<string, InputResponse>? answers, string key) => answers?.TryGetValue(key, out var answer) is true ? answer : null;

    private static bool Has(RequestContext<CallToolRequestParams> call, string key) => Answers(call)?.ContainsKey(key) is true;

    private static ElicitResult? Elicited(RequestContext<CallToolRequestParams> call, string key) =>
        Find(Answers(call), key) is { } answer && answer.RawValue.ValueKind == System.Text.Json.JsonValueKind.Object
        && answer.Deserialize(InputResponse.ElicitResultJsonTypeInfo) is { IsAccepted: true } accepted ? accepted : null;

    private static string Text(ElicitResult result, string property) => result.Content?.TryGetValue(property, out var value) is true ? $"{value}" : "";

    // Null without a state; one that was changed ends the call.
    private static string? Opened(RequestContext<CallToolRequestParams> call)
    {
        try
        {
            return call.Params!.RequestState is { Length: > 0 } state ? Seal.Open(Purpose, state) : null;
        }
        catch (AgentRagException refused)
        {
            throw new McpProtocolException(refused.Message, refused, McpErrorCode.InvalidParams);
        }
    }

    private static InputRequest Form(string message, string property) => InputRequest.ForElicitation(new ElicitRequestParams
    {
        Message = message,
        RequestedSchema = new() { Properties = new Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition>(StringComparer.Ordinal) { [property] = new ElicitRequestParams.StringSchema() }, Required = [property] },
    });

    private static InputRequest Confirm() => InputRequest.ForElicitation(new ElicitRequestParams
    {
        Message = "Please confirm",
        RequestedSchema = new() { Properties = new Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition>(StringComparer.Ordinal) { ["ok"] = new ElicitRequestParams.BooleanSchema() }, Required = ["ok"] },
    });

    private static InputRequest Sample(string text, int maxTokens) => InputRequest.ForSampling(new CreateMessageRequestParams
    {
        MaxTokens = maxTokens,
        Messages = [new SamplingMessage { Role = Role.User, Content = [new TextContentBlock { Text = text }] }],
    });

    private static InputRequiredException Ask(params IReadOnlyList<(string Key, InputRequest Request)> requests) => Ask(state: null, requests);

    private static InputRequiredException Ask(string? state, params IReadOnlyList<(string Key, InputRequest Request)> requests) =>
        new(requests.ToDictionary(asked => asked.Key, asked => asked.Request, StringComparer.Ordinal), state is null ? null : Seal.Seal(Purpose, state));
}
