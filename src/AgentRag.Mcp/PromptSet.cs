using System.Text.Encodings.Web;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>The two strategies as prompts, so that a person can pick one from a menu.</summary>
internal static class PromptSet
{
    private const string OnePass = "drag";
    private const string StepByStep = "iterdrag";

    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly PromptArgument Question = new() { Name = "question", Title = "Question", Description = "What you want to know from your documents.", Required = true };

    private static readonly PromptArgument Scope = new() { Name = "scope", Title = "Scope", Description = "A path: only documents below it. Leave empty for all.", Required = false };

    public static ValueTask<ListPromptsResult> ListAsync(RequestContext<ListPromptsRequestParams> request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ListPromptsResult
        {
            Prompts =
            [
                new() { Name = OnePass, Title = "Answer from my documents in one pass (DRAG)", Description = "For a question that one or two passages settle.", Arguments = [Question, Scope] },
                new() { Name = StepByStep, Title = "Answer from my documents step by step (IterDRAG)", Description = "For a question that needs facts from several documents.", Arguments = [Question, Scope] },
            ],
            TimeToLive = TimeSpan.FromMinutes(10),
            CacheScope = CacheScope.Private,
        });

    public static ValueTask<GetPromptResult> GetAsync(RequestContext<GetPromptRequestParams> request, CancellationToken cancellationToken)
    {
        var tool = request.Params?.Name switch
        {
            OnePass => "answer_with_demonstrations",
            StepByStep => "answer",
            var name => throw new McpProtocolException($"There is no prompt '{name}': use {OnePass} or {StepByStep}.", McpErrorCode.InvalidParams),
        };
        var question = Argument(request.Params, "question");
        if (string.IsNullOrWhiteSpace(question))
        {
            throw new McpProtocolException("The prompt needs a 'question'.", McpErrorCode.InvalidParams);
        }

        var arguments = new Dictionary<string, string>(StringComparer.Ordinal) { ["question"] = question };
        if (Argument(request.Params, "scope") is { Length: > 0 } scope)
        {
            arguments["scope"] = scope;
        }

        var text = $"""
            Answer this question from my indexed documents, with the tool {tool} of agentrag: {question}

            Call it with {JsonSerializer.Serialize(arguments, Compact)}.
            If its result has instructions, you are the model that answers: follow them, and while there is a state, call {tool} again with state and your reply.
            Then tell me the answer, with title and source of the passages it rests on. If the documents do not hold it, say so.
            """;
        return ValueTask.FromResult(new GetPromptResult
        {
            Description = tool == "answer" ? "Step by step (IterDRAG)" : "In one pass (DRAG)",
            Messages = [new PromptMessage { Role = Role.User, Content = new TextContentBlock { Text = text } }],
        });
    }

    private static string? Argument(GetPromptRequestParams? parameters, string name) =>
        parameters?.Arguments?.TryGetValue(name, out var value) is true && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
