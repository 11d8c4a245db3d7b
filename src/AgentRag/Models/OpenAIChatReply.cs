using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Reads one reply in the OpenAI wire format, piece by piece. A reply that is not streamed is one piece.</summary>
/// <param name="faults">The words for what goes wrong.</param>
/// <param name="line">Makes a line of the text, when JSON was asked for in place of one; null for text as it comes.</param>
internal sealed class OpenAIChatReply(ModelFaults faults, JsonReplyLine? line = null)
{
    /// <summary>The error code of an <see cref="ErrorContent"/> by which a model declines to answer.</summary>
    public const string Refusal = nameof(Refusal);

    private readonly List<ToolCall> _toolCalls = [];
    private string? _id;
    private string? _model;
    private DateTimeOffset? _created;
    private ChatFinishReason? _finishReason;
    private UsageDetails? _usage;
    private bool _hasChoice;
    private bool _hasText;
    private bool _isWhole;

    /// <summary>Reads the next piece.</summary>
    /// <returns>The text in it, or null when it holds none.</returns>
    /// <exception cref="AgentRagException">The server reports an error.</exception>
    public ChatResponseUpdate? Read(JsonElement piece)
    {
        if (piece.Field("error") is not null)
        {
            throw faults.Reported(faults.ReadError(piece).Message ?? "");
        }

        _id ??= piece.Text("id");
        _model ??= piece.Text("model");
        _created ??= Created(piece.Integer("created"));

        // Some servers repeat the running total in every piece: the last one counts.
        _usage = piece.Field("usage") is { ValueKind: JsonValueKind.Object } usage ? Usage(usage) : _usage;

        List<AIContent> contents = [];
        if (piece.Items("choices").FirstOrDefault() is { ValueKind: JsonValueKind.Object } choice)
        {
            _hasChoice = true;
            ReadChoice(choice, contents);
        }

        return contents.Count == 0 ? null : Update(contents);
    }

    /// <summary>Reads the end of the reply.</summary>
    /// <param name="isDone">Whether the server said that nothing more comes.</param>
    /// <returns>The tool calls, the usage and the finish reason.</returns>
    /// <exception cref="AgentRagException">The reply is empty, or not whole.</exception>
    public ChatResponseUpdate End(bool isDone)
    {
        if (!_hasChoice && !_hasText)
        {
            throw faults.Malformed("it has no choices");
        }

        if (!_isWhole && !isDone)
        {
            throw faults.BrokenOff(fault: null);
        }

        if (!_hasText && _toolCalls.Count == 0)
        {
            throw faults.Malformed(EmptyReason());
        }

        List<AIContent> contents = [];
        AddText(contents, line?.End() ?? "");
        contents.AddRange(_toolCalls.Select((call, number) => call.ToContent(number)));
        if (_usage is not null)
        {
            contents.Add(new UsageContent(_usage));
        }

        var update = Update(contents);
        update.FinishReason = _finishReason;
        return update;
    }

    private static UsageDetails Usage(JsonElement usage) => new()
    {
        InputTokenCount = usage.Integer("prompt_tokens"),
        OutputTokenCount = usage.Integer("completion_tokens"),
        TotalTokenCount = usage.Integer("total_tokens") ?? (usage.Integer("prompt_tokens") + usage.Integer("completion_tokens")),
        CachedInputTokenCount = usage.Field("prompt_tokens_details")?.Integer("cached_tokens"),
        ReasoningTokenCount = usage.Field("completion_tokens_details")?.Integer("reasoning_tokens"),
        AdditionalCounts = PredictionCounts(usage.Field("completion_tokens_details")),
    };

    // How much of a predicted output was taken over, where the server has predicted outputs.
    private static AdditionalPropertiesDictionary<long>? PredictionCounts(JsonElement? details)
    {
        AdditionalPropertiesDictionary<long>? counts = null;
        foreach (var name in (string[])["accepted_prediction_tokens", "rejected_prediction_tokens"])
        {
            if (details?.Integer(name) is { } count)
            {
                (counts ??= [])[name] = count;
            }
        }

        return counts;
    }

    private static DateTimeOffset? Created(long? seconds) =>
        seconds is >= 0 and <= 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds(seconds.Value) : null;

    private static void AddText(List<AIContent> contents, string text)
    {
        if (text.Length > 0)
        {
            contents.Add(new TextContent(text));
        }
    }

    // Content is a string; a few servers send a list of parts.
    private static string Content(JsonElement message) => message.Field("content") switch
    {
        { ValueKind: JsonValueKind.String } text => text.Characters(),
        { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(part => part.Text("text"))),
        _ => "",
    };

    private ChatResponseUpdate Update(List<AIContent> contents) => new(ChatRole.Assistant, contents)
    {
        ResponseId = _id,
        MessageId = _id,
        ModelId = _model,
        CreatedAt = _created,
    };

    private void ReadChoice(JsonElement choice, List<AIContent> contents)
    {
        if (choice.Text("finish_reason") is { Length: > 0 } reason)
        {
            _finishReason = reason == "function_call" ? ChatFinishReason.ToolCalls : new ChatFinishReason(reason);
            _isWhole = true;
        }

        _isWhole |= choice.Field("message") is not null;
        if ((choice.Field("delta") ?? choice.Field("message")) is not { } message)
        {
            return;
        }

        if ((message.Text("reasoning_content") ?? message.Text("reasoning")) is { Length: > 0 } thought)
        {
            contents.Add(new TextReasoningContent(thought));
        }

        if (Content(message) is { Length: > 0 } text)
        {
            AddText(contents, line?.Add(text) ?? text);
            _hasText = true;
        }

        if (message.Text("refusal") is { Length: > 0 } refusal)
        {
            contents.Add(new ErrorContent(refusal) { ErrorCode = Refusal });
            _hasText = true;
        }

        foreach (var call in message.Items("tool_calls"))
        {
            ReadToolCall(call);
        }
    }

    // A call comes in parts that share an index. Where there is no index, an id begins a new call.
    private void ReadToolCall(JsonElement json)
    {
        var (index, id) = (json.Integer("index"), json.Text("id"));
        var call = index is null
            ? (string.IsNullOrEmpty(id) ? _toolCalls.LastOrDefault() : _toolCalls.Find(known => known.Id == id))
            : _toolCalls.Find(known => known.Index == index);
        if (call is null)
        {
            _toolCalls.Add(call = new ToolCall { Index = index });
        }

        call.Id ??= string.IsNullOrEmpty(id) ? null : id;
        var function = json.Field("function");
        call.Name ??= function?.Text("name");
        call.Arguments.Append(function?.Field("arguments") switch
        {
            { ValueKind: JsonValueKind.String } text => text.Characters(),
            { } other => other.GetRawText(),
            null => "",
        });
    }

    private string EmptyReason() => _finishReason?.Value switch
    {
        "length" => "it is empty because the cap on output tokens was used up before its first word (a reasoning model spends it on thinking). "
            + "Raise --reserved-answer-tokens (AGENTRAG_RESERVED_ANSWER_TOKENS)",
        "content_filter" => "it is empty because the server's content filter withheld it",
        { } reason => $"it is empty (finish reason '{reason}')",
        null => "it is empty",
    };

    private sealed class ToolCall
    {
        public long? Index { get; init; }

        public string? Id { get; set; }

        public string? Name { get; set; }

        public StringBuilder Arguments { get; } = new();

        public FunctionCallContent ToContent(int number) => FunctionCallContent.CreateFromParsedArguments(
            Arguments.ToString(),
            Id ?? string.Create(null, $"call_{number}"),
            Name ?? "",
            static text => text.Length == 0
                ? new Dictionary<string, object?>(StringComparer.Ordinal)
                : (IDictionary<string, object?>?)JsonSerializer.Deserialize(
                    text, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>))));
    }
}
