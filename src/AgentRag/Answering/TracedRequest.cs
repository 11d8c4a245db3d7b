using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>One request to the model.</summary>
public sealed record TracedRequest
{
    /// <summary>What it asked for: <c>answer</c>, <c>next step</c>, <c>intermediate answer</c>, <c>final answer</c>, <c>draft</c>, <c>sufficiency</c>,
    /// <c>decompose</c>, <c>keywords</c>, <c>searches</c>, <c>standalone question</c>, <c>classify</c>, <c>grade</c> or <c>repair</c>.</summary>
    public required string Purpose { get; init; }

    /// <summary>Input tokens, counted before it was sent.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Input tokens the provider reported; null when it reported none.</summary>
    public long? ReportedInputTokens { get; init; }

    /// <summary>Input tokens the provider took from its prompt cache; null when it reported none.</summary>
    public long? ReportedCachedInputTokens { get; init; }

    /// <summary>Output tokens the provider reported; null when it reported none.</summary>
    public long? ReportedOutputTokens { get; init; }

    /// <summary>What became of drafts that were handed to the model; null when there were none.</summary>
    public Models.PredictionUsage? Prediction { get; init; }

    /// <summary>Output tokens it was allowed.</summary>
    public int MaxReplyTokens { get; init; }

    /// <summary>Tokens of the reply, by the token counter in use.</summary>
    public int ReplyTokens { get; init; }

    /// <summary>Time from its sending to the end of its reply.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Ids of the test passages in the prompt, in prompt order.</summary>
    public required IReadOnlyList<string> PassageIds { get; init; }

    /// <summary>Ids of the demonstrations in the prompt, in prompt order.</summary>
    public required IReadOnlyList<string> DemonstrationIds { get; init; }

    /// <summary>What was left out of this prompt.</summary>
    public required TrimmedContent Trimmed { get; init; }

    /// <summary>The model's reply; empty when the request failed.</summary>
    public required string Reply { get; init; }

    /// <summary>Why there is no reply; null when there is one.</summary>
    public string? Error { get; init; }
}
