using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;

namespace AgentRag.Prompting;

/// <summary>What goes into one prompt, before it is rendered.</summary>
public sealed record PromptContent
{
    /// <summary>The question.</summary>
    public required string Question { get; init; }

    /// <summary>The demonstrations, in prompt order; length m ≥ 0.</summary>
    public IReadOnlyList<PreparedDemonstration> Demonstrations { get; init; } = [];

    /// <summary>The test passages: batches in the order of retrieval, within a batch best first. Numbered from 1 in this order.</summary>
    public IReadOnlyList<NumberedPassage> Passages { get; init; } = [];

    /// <summary>The Self-Ask steps so far; a last step without an answer is waiting for it.</summary>
    public IReadOnlyList<SelfAskStep> Steps { get; init; } = [];

    /// <summary>The order of the passages. Default: <see cref="PromptLayout.Default"/>.</summary>
    public PromptLayout Layout { get; init; } = PromptLayout.Default;

    /// <summary>At most how many sub-queries or keywords are asked for, ≥ 1.</summary>
    public int MaxSubQueries { get; init; } = 5;

    /// <summary>The language of the documents, such as <c>English</c>; null when it is the question's own.</summary>
    public string? Language { get; init; }

    /// <summary>The conversation before the question, oldest first; length ≥ 0.</summary>
    public IReadOnlyList<ChatTurn> History { get; init; } = [];
}

/// <summary>One earlier question of a conversation, with its answer.</summary>
/// <param name="Question">The question.</param>
/// <param name="Answer">What was answered.</param>
public sealed record ChatTurn(string Question, string Answer);

/// <summary>A test passage with its place in the question's material.</summary>
/// <param name="Number">The number by which prompts name it, ≥ 1: the same in all prompts of a question.</param>
/// <param name="Batch">The retrieval that brought it, from 0: the question's own, then one per sub-query.</param>
/// <param name="Rank">Its rank in that retrieval, from 1.</param>
/// <param name="Passage">The passage.</param>
public sealed record NumberedPassage(int Number, int Batch, int Rank, Passage Passage)
{
    /// <summary>Its best rank in any retrieval of the question so far, from 1: what decides how long it is kept when the prompt is trimmed.</summary>
    public int BestRank { get; init; } = Rank;
}
