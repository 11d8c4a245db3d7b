using AgentRag.Decoding.Tokenizers;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Chat;

/// <summary>How a conversation is written for a model.</summary>
internal enum ChatTemplateKind
{
    /// <summary>Llama 3: <c>&lt;|start_header_id|&gt;role&lt;|end_header_id|&gt;</c>, a blank line, the text, <c>&lt;|eot_id|&gt;</c>.</summary>
    Llama3,

    /// <summary>Qwen and many others: <c>&lt;|im_start|&gt;role</c>, a line feed, the text, <c>&lt;|im_end|&gt;</c>.</summary>
    ChatML,

    /// <summary>For models without tokens for turns: <c>User: text</c>, a blank line, <c>Assistant:</c>.</summary>
    Plain,
}

/// <summary>Writes conversations as the tokens that a model was trained on.</summary>
/// <remarks>
/// Which template it is, is seen by the control tokens the vocabulary has; the Jinja text in the file is not run. Control tokens are put in by number, so a
/// message that spells one is only text. Immutable; safe for concurrent use.
/// </remarks>
internal sealed class ChatTemplate
{
    private readonly IModelTokenizer _tokenizer;
    private readonly (int Start, int EndOfHeader, int EndOfTurn) _control;

    public ChatTemplate(IModelTokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        (Kind, _control) = (
            (tokenizer.ControlToken("<|start_header_id|>"), tokenizer.ControlToken("<|end_header_id|>"), tokenizer.ControlToken("<|eot_id|>")),
            (tokenizer.ControlToken("<|im_start|>"), tokenizer.ControlToken("<|im_end|>"))) switch
        {
            (({ } start, { } endOfHeader, { } endOfTurn), _) => (ChatTemplateKind.Llama3, (start, endOfHeader, endOfTurn)),
            (_, ({ } start, { } endOfTurn)) => (ChatTemplateKind.ChatML, (start, 0, endOfTurn)),
            _ => (ChatTemplateKind.Plain, (0, 0, 0)),
        };
    }

    public ChatTemplateKind Kind { get; }

    /// <summary>Texts that end a reply beside the model's own end tokens.</summary>
    public IReadOnlyList<string> Stops => Kind == ChatTemplateKind.Plain ? ["\nUser:", "\nSystem:", "\nAssistant:"] : [];

    /// <summary>Writes a conversation up to where the model's reply begins.</summary>
    /// <param name="messages">Roles and texts; see <see cref="ChatTurn"/>.</param>
    public List<int> Write(IReadOnlyList<ChatTurn> messages) => Write(messages, turn: -1, out _);

    /// <summary>Writes a conversation, and tells where the text of one message stands.</summary>
    /// <param name="messages">Roles and texts.</param>
    /// <param name="turn">The message.</param>
    /// <param name="place">Its first token and the one behind its last; the whole conversation for the plain template, which is one text.</param>
    public List<int> Write(IReadOnlyList<ChatTurn> messages, int turn, out (int From, int To) place)
    {
        place = default;
        List<int> tokens = [];
        if (_tokenizer.BeginToken is { } begin)
        {
            tokens.Add(begin);
        }

        switch (Kind)
        {
            case ChatTemplateKind.Llama3:
                for (var i = 0; i < messages.Count; i++)
                {
                    Header(messages[i].Role);
                    var from = tokens.Count;
                    _tokenizer.Encode($"\n\n{messages[i].Text.Trim()}", tokens);
                    place = i == turn ? (from, tokens.Count) : place;
                    tokens.Add(_control.EndOfTurn);
                }

                Header("assistant");
                _tokenizer.Encode("\n\n", tokens);
                break;
            case ChatTemplateKind.ChatML:
                for (var i = 0; i < messages.Count; i++)
                {
                    tokens.Add(_control.Start);
                    var from = tokens.Count;
                    _tokenizer.Encode($"{messages[i].Role}\n{messages[i].Text}", tokens);
                    place = i == turn ? (from, tokens.Count) : place;
                    tokens.Add(_control.EndOfTurn);
                    _tokenizer.Encode("\n", tokens);
                }

                tokens.Add(_control.Start);
                _tokenizer.Encode("assistant\n", tokens);
                break;
            default:
                var start = tokens.Count;
                _tokenizer.Encode(string.Concat(messages.Select(message => $"{Titled(message.Role)}: {message.Text.Trim()}\n\n")) + "Assistant:", tokens);
                place = turn >= 0 ? (start, tokens.Count) : place;
                break;
        }

        return tokens;

        void Header(string role)
        {
            tokens.Add(_control.Start);
            _tokenizer.Encode(role, tokens);
            tokens.Add(_control.EndOfHeader);
        }
    }

    private static string Titled(string role) => role switch
    {
        "system" => "System",
        "assistant" => "Assistant",
        "tool" => "Tool",
        _ => "User",
    };
}

/// <summary>One message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Text">What was said.</param>
internal sealed record ChatTurn(string Role, string Text)
{
    /// <summary>Reads messages.</summary>
    /// <exception cref="AgentRagException">A message holds what is no text.</exception>
    public static List<ChatTurn> From(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<ChatTurn> turns = string.IsNullOrEmpty(instructions) ? [] : [new("system", instructions)];
        foreach (var message in messages)
        {
            if (message.Contents.FirstOrDefault(content => content is not (TextContent or TextReasoningContent or UsageContent)) is { } other)
            {
                throw new AgentRagException($"A chat message holds {other.GetType().Name}: the in-process model reads text only.");
            }

            turns.Add(new(message.Role.Value.ToLowerInvariant(), message.Text));
        }

        return turns;
    }
}
