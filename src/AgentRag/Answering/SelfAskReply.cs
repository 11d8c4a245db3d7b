using System.Text.RegularExpressions;
using AgentRag.Models;

namespace AgentRag.Answering;

/// <summary>One Self-Ask line of a model's reply (paper section 3.3): the control flow of IterDRAG hangs on nothing else.</summary>
/// <param name="Prefix">The prefix the line starts with.</param>
/// <param name="Text">What follows it, on one line, not empty.</param>
internal sealed partial record SelfAskReply(string Prefix, string Text)
{
    public const string FollowUp = "Follow up:";
    public const string IntermediateAnswer = "Intermediate answer:";
    public const string FinalAnswer = "So the final answer is:";

    private const int MaxStepCharacters = 300;

    /// <summary>The form of a reply that is one of these lines: at a line of another kind the model may be stopped.</summary>
    /// <param name="allowed">The prefixes that make sense at this point.</param>
    public static ReplyForm Form(params IReadOnlyList<string> allowed) => ReplyForm.Line(allowed) with
    {
        NextLines = [.. ((string[])[FollowUp, IntermediateAnswer, FinalAnswer]).Where(prefix => !allowed.Contains(prefix, StringComparer.Ordinal))],
        MaxTextCharacters = MaxStepCharacters,
    };

    /// <summary>Reads a reply strictly: its first line must start with one of the prefixes and go on behind it.</summary>
    /// <param name="reply">The model's reply. Lines behind the first are the model going on by itself, and are not read.</param>
    /// <param name="allowed">The prefixes that make sense at this point.</param>
    /// <returns>The line, or null when the reply is none of them.</returns>
    public static SelfAskReply? Parse(string reply, params ReadOnlySpan<string> allowed)
    {
        var line = FirstLine(reply);
        foreach (var prefix in allowed)
        {
            if (line.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && line[prefix.Length..].Trim() is { Length: > 0 } text)
            {
                return new SelfAskReply(prefix, text);
            }
        }

        return null;
    }

    /// <summary>The first line with text in it, behind the thoughts that some models write in front.</summary>
    public static string FirstLine(string reply) =>
        WithoutThoughts(reply).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is [var first, ..] ? first : "";

    /// <summary>A step's line is a short question or a short answer; a model that writes more is cut, so that it cannot fill the later prompts.</summary>
    public static string Cut(string text) =>
        // Never between the two halves of a character beyond the basic plane.
        text.Length <= MaxStepCharacters ? text : text[..(char.IsHighSurrogate(text[MaxStepCharacters - 1]) ? MaxStepCharacters - 1 : MaxStepCharacters)];

    /// <summary>What a model wrote behind its thoughts.</summary>
    public static string WithoutThoughts(string reply) => Thoughts().Replace(reply, "");

    [GeneratedRegex(@"\A\s*<think>.*?(?:</think>|\z)", RegexOptions.Singleline | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Thoughts();
}
