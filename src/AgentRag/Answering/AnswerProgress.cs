using AgentRag.Models;

namespace AgentRag.Answering;

/// <summary>What a question has come to so far: what an interrupted one is taken up from, and what a failed one leaves behind.</summary>
public sealed record AnswerProgress
{
    /// <summary>The strategy.</summary>
    public required string Strategy { get; init; }

    /// <summary>The Self-Ask steps so far; a last one without an answer waits for it.</summary>
    public IReadOnlyList<SelfAskStep> Steps { get; init; } = [];

    /// <summary>The passages held, in the order of their numbers, from 1.</summary>
    public IReadOnlyList<HeldPassage> Passages { get; init; } = [];

    /// <summary>Retrievals so far, those that brought nothing included.</summary>
    public int Retrievals { get; init; }

    /// <summary>Ids of the passages retrieved so far that were left out because one that is held says the same.</summary>
    public IReadOnlyList<string> DuplicatePassageIds { get; init; } = [];

    /// <summary>Every request that was answered or failed, in order.</summary>
    public IReadOnlyList<TracedRequest> Trace { get; init; } = [];

    /// <summary>Citations taken from intermediate answers.</summary>
    public IReadOnlyList<Citation> Citations { get; init; } = [];

    /// <summary>Citations dropped so far.</summary>
    public int DroppedCitations { get; init; }

    /// <summary>The model, as it named itself; null before its first reply.</summary>
    public string? Model { get; init; }

    /// <summary>What it has cost.</summary>
    public AnswerUsage Usage { get; init; } = AnswerUsage.None;
}

/// <summary>A passage that a question holds, without its text.</summary>
/// <param name="PassageId">Its id in the index.</param>
/// <param name="Batch">The retrieval that brought it, from 0.</param>
/// <param name="Rank">Its rank in that retrieval, from 1.</param>
/// <param name="BestRank">Its best rank in any retrieval of the question, from 1.</param>
public sealed record HeldPassage(string PassageId, int Batch, int Rank, int BestRank);
