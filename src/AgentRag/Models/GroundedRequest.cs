using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>What one model request asks for.</summary>
public enum GroundedTask
{
    /// <summary>Answer the question in one reply.</summary>
    Answer,

    /// <summary>One Self-Ask step: a follow-up question, or the final answer if nothing more is needed.</summary>
    NextStep,

    /// <summary>Answer the last step's sub-query from the passages.</summary>
    IntermediateAnswer,

    /// <summary>The final answer now, with what is held.</summary>
    FinalAnswer,

    /// <summary>The final answer as it would be now, though steps may follow.</summary>
    Draft,

    /// <summary>Whether the passages and steps are enough to answer the question: yes or no.</summary>
    Sufficiency,

    /// <summary>Split the question into sub-queries, one per line.</summary>
    Decompose,

    /// <summary>What the question is about, as keywords separated by commas.</summary>
    Keywords,

    /// <summary>The question in several wordings, one per line.</summary>
    MultiQuery,

    /// <summary>The question made to stand without the conversation before it.</summary>
    Standalone,

    /// <summary>How many facts the question needs: SIMPLE, MODERATE or COMPLEX.</summary>
    Classify,

    /// <summary>How surely the passages show that the answer of the one step is right: 0 to 10.</summary>
    Grade,
}

/// <summary>The content of a prompt as data, attached to the request beside the rendered text.</summary>
/// <remarks>
/// Models behind a wire see the rendered messages alone. An in-process model, such as <c>extractive</c>, reads this instead, so it never parses
/// questions or passages out of rendered text.
/// </remarks>
public sealed record GroundedRequest
{
    private const string Key = "agentrag.request";

    /// <summary>What is asked for.</summary>
    public required GroundedTask Task { get; init; }

    /// <summary>The user's question.</summary>
    public required string Question { get; init; }

    /// <summary>The passages of this prompt, best first; length ≥ 0.</summary>
    public IReadOnlyList<GroundedPassage> Passages { get; init; } = [];

    /// <summary>The Self-Ask steps so far, oldest first; the last has no answer yet when <see cref="GroundedTask.IntermediateAnswer"/> is asked for.</summary>
    public IReadOnlyList<SelfAskStep> Steps { get; init; } = [];

    /// <summary>Attaches this request to the options of a chat request.</summary>
    /// <param name="options">The options that are sent along.</param>
    public void AttachTo(ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (options.AdditionalProperties ??= [])[Key] = this;
    }

    /// <summary>Finds the request attached to the options.</summary>
    /// <param name="options">Options of a chat request, or null.</param>
    /// <returns>The request, or null when none is attached.</returns>
    public static GroundedRequest? From(ChatOptions? options) =>
        options?.AdditionalProperties?.TryGetValue(Key, out var value) is true ? value as GroundedRequest : null;
}

/// <summary>One passage of a prompt.</summary>
/// <param name="Number">The number by which the prompt names the passage, ≥ 1.</param>
/// <param name="Id">The passage's id in the index.</param>
/// <param name="Title">The title of its document.</param>
/// <param name="Text">The passage's text.</param>
public sealed record GroundedPassage(int Number, string Id, string Title, string Text);

/// <summary>One Self-Ask step.</summary>
/// <param name="SubQuery">The follow-up question.</param>
/// <param name="IntermediateAnswer">Its answer; null while it is not answered.</param>
public sealed record SelfAskStep(string SubQuery, string? IntermediateAnswer);
