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

    /// <summary>Why the answering ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Every request sent to the model, in order.</summary>
    public required IReadOnlyList<TracedRequest> Trace { get; init; }

    /// <summary>The Self-Ask steps; empty for the one-pass strategies.</summary>
    public required IReadOnlyList<Models.SelfAskStep> Steps { get; init; }

    /// <summary>What did not fit into the budget, over all requests; nothing for a question that was not trimmed.</summary>
    public required TrimmedContent Trimmed { get; init; }

    /// <summary>Whether the answer says that the documents do not hold it.</summary>
    public bool IsNotFound => Text == NotFound;
}

/// <summary>A passage that an answer rests on.</summary>
/// <param name="PassageId">The passage's id.</param>
/// <param name="DocumentId">Its document's id.</param>
/// <param name="Title">Its document's title.</param>
/// <param name="Source">Where its document came from.</param>
public sealed record Citation(string PassageId, string DocumentId, string Title, string Source);

/// <summary>One request to the model.</summary>
public sealed record TracedRequest
{
    /// <summary>What it asked for: <c>answer</c>, <c>next step</c>, <c>intermediate answer</c>, <c>final answer</c> or <c>repair</c>.</summary>
    public required string Purpose { get; init; }

    /// <summary>Input tokens, counted before it was sent.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Input tokens the provider reported; null when it reported none.</summary>
    public long? ReportedInputTokens { get; init; }

    /// <summary>Input tokens the provider took from its prompt cache; null when it reported none.</summary>
    public long? ReportedCachedInputTokens { get; init; }

    /// <summary>Output tokens the provider reported; null when it reported none.</summary>
    public long? ReportedOutputTokens { get; init; }

    /// <summary>Ids of the test passages in the prompt, in prompt order.</summary>
    public required IReadOnlyList<string> PassageIds { get; init; }

    /// <summary>Ids of the demonstrations in the prompt, in prompt order.</summary>
    public required IReadOnlyList<string> DemonstrationIds { get; init; }

    /// <summary>What was left out of this prompt.</summary>
    public required TrimmedContent Trimmed { get; init; }

    /// <summary>The model's reply.</summary>
    public required string Reply { get; init; }
}
