using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>The one line that a reply must be, attached to a request so that a model's client can hold the model to it.</summary>
/// <remarks>A client that knows no such means ignores it; replies are parsed strictly in any case.</remarks>
public sealed record ReplyForm
{
    private const string Key = "agentrag.form";

    /// <summary>What the line starts with, one of these, with a text behind it, such as <c>Follow up:</c>; length ≥ 0.</summary>
    public IReadOnlyList<string> Prefixes { get; init; } = [];

    /// <summary>What the whole line is, one of these, when there are no prefixes; length ≥ 0.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>What lines begin with that a model would go on with by itself: stop sequences where nothing better is to be had. Never one of the prefixes; length ≥ 0.</summary>
    public IReadOnlyList<string> NextLines { get; init; } = [];

    /// <summary>Characters of the text behind the prefix, at most; ≥ 1. Default 300. A JSON schema does not carry it.</summary>
    public int MaxTextCharacters { get; init; } = 300;

    /// <summary>A line that starts with one of the prefixes.</summary>
    /// <param name="prefixes">The prefixes; length ≥ 1.</param>
    public static ReplyForm Line(params IReadOnlyList<string> prefixes) => new() { Prefixes = prefixes };

    /// <summary>A line that is one of the choices.</summary>
    /// <param name="choices">The choices; length ≥ 1.</param>
    public static ReplyForm OneOf(params IReadOnlyList<string> choices) => new() { Choices = choices };

    /// <summary>Attaches this form to the options of a chat request.</summary>
    /// <param name="options">The options that are sent along.</param>
    public void AttachTo(ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (options.AdditionalProperties ??= [])[Key] = this;
    }

    /// <summary>Finds the form attached to the options.</summary>
    /// <param name="options">Options of a chat request, or null.</param>
    /// <returns>The form, or null when any reply will do.</returns>
    public static ReplyForm? From(ChatOptions? options) =>
        options?.AdditionalProperties?.TryGetValue(Key, out var value) is true ? value as ReplyForm : null;
}
