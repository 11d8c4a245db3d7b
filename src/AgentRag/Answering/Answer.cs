using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>The answer to a question, with everything that led to it.</summary>
public sealed record Answer
{
    /// <summary>What is answered when the documents do not hold the answer.</summary>
    public const string NotFound = "not found";

    /// <summary>The question.</summary>
    public required string Question { get; init; }

    /// <summary>The answer alone, without citation marks; <see cref="NotFound"/> when the documents do not hold it.</summary>
    public required string Text { get; init; }

    /// <summary>The passages that the answer cites; each was in a prompt of this question. Length ≥ 0.</summary>
    public required IReadOnlyList<Citation> Citations { get; init; }

    /// <summary>The strategy that answered.</summary>
    public required string Strategy { get; init; }

    /// <summary>The model that answered, as it names itself.</summary>
    public required string Model { get; init; }

    /// <summary>The parameters asked for.</summary>
    public required InferenceParameters ParametersAsked { get; init; }

    /// <summary>
    /// What was used: K the most passages of one retrieval in the final prompt, M the demonstrations in it, N the iterations run (1 for one pass).
    /// </summary>
    public required InferenceParameters ParametersUsed { get; init; }

    /// <summary>Input tokens over all requests up to the final answer (paper section 3.1), by the token counter in use; never above the budget.</summary>
    public required long EffectiveContextTokens { get; init; }

    /// <summary>What the answer cost: tokens, requests, time and, where the price is known, money.</summary>
    public AnswerUsage Usage { get; init; } = AnswerUsage.None;

    /// <summary>Citations that the model gave and that were dropped: no such passage was in the prompt, or it does not support what was said; ≥ 0.</summary>
    public int DroppedCitations { get; init; }

    /// <summary>Passages that were retrieved and left out because another one of the question says the same, but for white space, case and invisible characters; ≥ 0.</summary>
    public int DuplicatePassages { get; init; }

    /// <summary>Why the answering ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Every request sent to the model, in order.</summary>
    public required IReadOnlyList<TracedRequest> Trace { get; init; }

    /// <summary>The Self-Ask steps; empty for the one-pass strategies.</summary>
    public required IReadOnlyList<Models.SelfAskStep> Steps { get; init; }

    /// <summary>What did not fit into the budget, over all requests; nothing for a question that was not trimmed.</summary>
    public required TrimmedContent Trimmed { get; init; }

    /// <summary>The question as it was worked on, when a conversation before it was needed to understand it; null when it stood alone.</summary>
    public string? StandaloneQuestion { get; init; }

    /// <summary>How a strategy that chooses among others came to the answer; null for the others.</summary>
    public AnswerRouting? Routing { get; init; }

    /// <summary>The earlier question to which this answer was given, when this one asks nearly the same (<see cref="SimilarQuestionAnswerer"/>); null for an answer
    /// that was worked out.</summary>
    public string? EarlierQuestion { get; init; }

    /// <summary>The sentence with which an assistant says that the documents do not hold the answer; null for <see cref="NotFound"/>.</summary>
    public string? Refusal { get; init; }

    /// <summary>Whether the answer says that the documents do not hold it.</summary>
    public bool IsNotFound => Text == (Refusal ?? NotFound);
}

/// <summary>A passage that an answer rests on.</summary>
/// <param name="PassageId">The passage's id.</param>
/// <param name="DocumentId">Its document's id.</param>
/// <param name="Title">Its document's title.</param>
/// <param name="Source">Where its document came from.</param>
public sealed record Citation(string PassageId, string DocumentId, string Title, string Source);
