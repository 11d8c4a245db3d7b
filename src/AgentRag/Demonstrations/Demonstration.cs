using AgentRag.Documents;
using AgentRag.Models;

namespace AgentRag.Demonstrations;

/// <summary>A worked example: a question, its answer and the Self-Ask steps that lead there.</summary>
public sealed record Demonstration
{
    /// <summary>Unique id within its pool.</summary>
    public required string Id { get; init; }

    /// <summary>The question.</summary>
    public required string Question { get; init; }

    /// <summary>The answer to show; <c>not found</c> for a question that the documents do not answer.</summary>
    public required string Answer { get; init; }

    /// <summary>The steps, each with its answer; empty for a question answered in one step.</summary>
    public required IReadOnlyList<SelfAskStep> Steps { get; init; }

    /// <summary>Ids of the documents that hold the evidence.</summary>
    public required IReadOnlyList<string> Supporting { get; init; }

    /// <summary>Where the example comes from; null when not stated.</summary>
    public string? Source { get; init; }
}

/// <summary>A demonstration together with the passages that are shown with it.</summary>
/// <param name="Demonstration">The worked example.</param>
/// <param name="Passages">Passages retrieved for its own question and, for IterDRAG, for its sub-queries: one batch each, best first.</param>
public sealed record PreparedDemonstration(Demonstration Demonstration, IReadOnlyList<IReadOnlyList<Passage>> Passages);
