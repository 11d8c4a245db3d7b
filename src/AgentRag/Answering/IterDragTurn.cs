using AgentRag.Models;
using AgentRag.Prompting;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>What an IterDRAG loop wants a model to write next: one line.</summary>
public sealed record IterDragTurn
{
    /// <summary>What is asked for.</summary>
    public required GroundedTask Task { get; init; }

    /// <summary>Whether the last reply was not of the asked form, and this asks once more.</summary>
    public required bool IsRepair { get; init; }

    /// <summary>The iteration it belongs to, from 1.</summary>
    public required int Iteration { get; init; }

    /// <summary>The messages, complete in themselves: a model that sees nothing else can reply.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>The form of the reply: the prefixes one of which its line starts with, or the words one of which it is.</summary>
    public required ReplyForm Form { get; init; }

    /// <summary>The sub-query that waits for its answer; null when none does.</summary>
    public required string? SubQuery { get; init; }

    /// <summary>The passages in the prompt, with the numbers by which replies cite them.</summary>
    public required IReadOnlyList<NumberedPassage> Passages { get; init; }

    /// <summary>Those of <see cref="Passages"/> that were in no earlier prompt of the question: what a model that remembers the earlier turns still has to read.</summary>
    public required IReadOnlyList<NumberedPassage> NewPassages { get; init; }

    /// <summary>Input tokens of the messages.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>The request as it is booked.</summary>
    internal PreparedRequest Prepared { get; init; } = null!;
}
