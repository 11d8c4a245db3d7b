using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Writes the body of a chat request in the OpenAI wire format.</summary>
internal static class OpenAIChatRequest
{
    public const string MaxTokens = "max_tokens";
    public const string MaxCompletionTokens = "max_completion_tokens";
    public const string StreamOptions = "stream_options";
    public const string Prediction = "prediction";

    /// <summary>Keys of <see cref="ChatOptions.AdditionalProperties"/> with this prefix hold objects for in-process models and are never sent.</summary>
    private const string InProcessPrefix = "agentrag.";

    // Tool texts are input tokens, and the shared options indent.
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions)
    {
        WriteIndented = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The field for the cap on output tokens that a server is asked with first.</summary>
    public static string FirstMaxTokensField(OpenAICompatibleOptions options) => options.MaxTokensField switch
    {
        MaxTokensField.MaxTokens => MaxTokens,
        MaxTokensField.MaxCompletionTokens => MaxCompletionTokens,
        _ => options.IsOpenAI || options.IsAzure ? MaxCompletionTokens : MaxTokens,
    };

    /// <summary>Writes the body without the fields of streaming.</summary>
    /// <param name="messages">The conversation; text, tool calls and tool results only.</param>
    /// <param name="options">What is asked for, or null.</param>
    /// <param name="model">The model, unless the options name another.</param>
    /// <param name="maxTokensField">The field for the cap on output tokens.</param>
    public static JsonObject Write(IEnumerable<ChatMessage> messages, ChatOptions? options, string model, string maxTokensField)
    {
        if (options?.ConversationId is not null)
        {
            throw new NotSupportedException("ConversationId is set, but the chat completions API keeps no conversation: send all messages each time.");
        }

        JsonArray written = [];
        if (!string.IsNullOrEmpty(options?.Instructions))
        {
            written.Add(new JsonObject { ["role"] = "system", ["content"] = options.Instructions });
        }

        foreach (var message in messages)
        {
            AddMessage(written, message);
        }

        var body = new JsonObject { ["model"] = options?.ModelId ?? model, ["messages"] = written };
        if (options is not null)
        {
            AddOptions(body, options, maxTokensField);
            AddExtraFields(body, options.AdditionalProperties);
        }

        return body;
    }

    /// <summary>Adds fields that the library has no word for, if their values are like JSON.</summary>
    /// <param name="body">The body so far.</param>
    /// <param name="fields">Values by field name, or null.</param>
    /// <exception cref="ArgumentException">A field would replace one that the client writes itself.</exception>
    public static void AddExtraFields(JsonObject body, AdditionalPropertiesDictionary? fields)
    {
        foreach (var (name, value) in fields ?? [])
        {
            if (name.StartsWith(InProcessPrefix, StringComparison.OrdinalIgnoreCase) || !TryToJson(value, out var json))
            {
                continue;
            }

            if (body.ContainsKey(name) || name is MaxTokens or MaxCompletionTokens or "stream" or StreamOptions or "n")
            {
                throw new ArgumentException($"AdditionalProperties holds '{name}', which the client writes itself.", nameof(fields));
            }

            body[name] = json;
        }
    }

    private static void AddMessage(JsonArray written, ChatMessage message)
    {
        var toolResults = message.Contents.OfType<FunctionResultContent>().ToList();
        foreach (var result in toolResults)
        {
            written.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = result.CallId, ["content"] = ResultText(result) });
        }

        if (toolResults.Count > 0 && toolResults.Count == message.Contents.Count)
        {
            return;
        }

        if (toolResults.Count > 0 || message.Role == ChatRole.Tool)
        {
            throw new NotSupportedException("A tool message may hold tool results only, and at least one.");
        }

        var json = new JsonObject { ["role"] = message.Role.Value };
        JsonArray calls = [];
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                // Text is joined below; what the model thought and what it cost are not part of a conversation.
                case TextContent or TextReasoningContent or UsageContent:
                    break;
                case FunctionCallContent call:
                    calls.Add(new JsonObject
                    {
                        ["id"] = call.CallId,
                        ["type"] = "function",
                        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = ArgumentsText(call) },
                    });
                    break;
                case ErrorContent { ErrorCode: OpenAIChatReply.Refusal } refusal:
                    json["refusal"] = refusal.Message;
                    break;
                default:
                    throw new NotSupportedException(
                        $"A chat message holds {content.GetType().Name}: this client sends text, tool calls and tool results only.");
            }
        }

        var text = message.Text;
        json["content"] = text.Length == 0 && (calls.Count > 0 || json.ContainsKey("refusal")) ? null : text;
        if (message.AuthorName is not null)
        {
            json["name"] = message.AuthorName;
        }

        if (calls.Count > 0)
        {
            json["tool_calls"] = calls;
        }

        written.Add(json);
    }

    private static void AddOptions(JsonObject body, ChatOptions options, string maxTokensField)
    {
        Add(maxTokensField, options.MaxOutputTokens is { } cap ? cap : null);
        Add("temperature", options.Temperature is { } temperature ? temperature : null);
        Add("top_p", options.TopP is { } topP ? topP : null);
        Add("top_k", options.TopK is { } topK ? topK : null);
        Add("frequency_penalty", options.FrequencyPenalty is { } frequency ? frequency : null);
        Add("presence_penalty", options.PresencePenalty is { } presence ? presence : null);
        Add("seed", options.Seed is { } seed ? seed : null);
        Add("stop", options.StopSequences is { Count: > 0 } stops ? new JsonArray([.. stops.Select(stop => JsonValue.Create(stop))]) : null);
        Add("response_format", ResponseFormat(options.ResponseFormat));
        Add("reasoning_effort", options.Reasoning?.Effort is { } effort ? Effort(effort) : null);
        if (options.Tools is { Count: > 0 } tools)
        {
            Add("tools", new JsonArray([.. tools.Select(Tool)]));
            Add("tool_choice", ToolChoice(options.ToolMode));
            Add("parallel_tool_calls", options.AllowMultipleToolCalls is { } several ? several : null);
        }

        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                body[name] = value;
            }
        }
    }

    private static JsonObject? ResponseFormat(ChatResponseFormat? format)
    {
        if (format is not ChatResponseFormatJson json)
        {
            return null;
        }

        if (json.Schema is not { } schema)
        {
            return new JsonObject { ["type"] = "json_object" };
        }

        var description = new JsonObject { ["name"] = json.SchemaName ?? "reply", ["schema"] = Node(schema) };
        if (json.SchemaDescription is not null)
        {
            description["description"] = json.SchemaDescription;
        }

        return new JsonObject { ["type"] = "json_schema", ["json_schema"] = description };
    }

    private static string Effort(ReasoningEffort effort) =>
        effort == ReasoningEffort.ExtraHigh ? "xhigh" : effort.ToString().ToLowerInvariant();

    private static JsonObject Tool(AITool tool) => tool is AIFunctionDeclaration function
        ? new JsonObject
        {
            ["type"] = "function",
            ["function"] = new JsonObject
            {
                ["name"] = function.Name,
                ["description"] = function.Description,
                ["parameters"] = Node(function.JsonSchema),
            },
        }
        : throw new NotSupportedException($"Tool '{tool.Name}' is a {tool.GetType().Name}: this client offers function tools only.");

    private static JsonNode? ToolChoice(ChatToolMode? mode) => mode switch
    {
        NoneChatToolMode => "none",
        AutoChatToolMode => "auto",
        RequiredChatToolMode { RequiredFunctionName: { } name } =>
            new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = name } },
        RequiredChatToolMode => "required",
        _ => null,
    };

    private static string ResultText(FunctionResultContent content) => content.Result switch
    {
        null => "",
        string text => text,
        var result => JsonSerializer.Serialize(result, Compact.GetTypeInfo(result.GetType())),
    };

    private static string ArgumentsText(FunctionCallContent call) => JsonSerializer.Serialize(
        call.Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal),
        Compact.GetTypeInfo(typeof(IDictionary<string, object?>)));

    private static JsonNode? Node(JsonElement json) => JsonNode.Parse(json.GetRawText());

    private static bool TryToJson(object? value, out JsonNode? json)
    {
        json = value switch
        {
            JsonNode node => node.DeepClone(),
            JsonElement { ValueKind: not JsonValueKind.Undefined } element => Node(element),
            string text => text,
            bool truth => truth,
            byte or sbyte or short or ushort or int => Convert.ToInt32(value),
            uint or long => Convert.ToInt64(value),
            ulong number => number,
            float number => number,
            double number => number,
            decimal number => number,
            IEnumerable<KeyValuePair<string, object?>> fields => ToObject(fields),
            IEnumerable items => ToArray(items),
            _ => null,
        };
        return json is not null || value is null or JsonElement { ValueKind: JsonValueKind.Null };
    }

    private static JsonObject? ToObject(IEnumerable<KeyValuePair<string, object?>> fields)
    {
        JsonObject json = [];
        foreach (var (name, value) in fields)
        {
            if (!TryToJson(value, out var field))
            {
                return null;
            }

            json[name] = field;
        }

        return json;
    }

    private static JsonArray? ToArray(IEnumerable items)
    {
        JsonArray json = [];
        foreach (var item in items)
        {
            if (!TryToJson(item, out var element))
            {
                return null;
            }

            json.Add(element);
        }

        return json;
    }
}
