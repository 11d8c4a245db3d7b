using System.Text.Json.Serialization;
using AgentRag.Answering;
using AgentRag.Models;

namespace AgentRag.Evaluation.Runs;

/// <summary>One line of a run's log: what came of one question under one configuration. Facts only: scores are computed when the run is read.</summary>
public sealed record RunRecord
{
    /// <summary>The question's id.</summary>
    [JsonPropertyName("question")]
    public required string QuestionId { get; init; }

    /// <summary>The strategy.</summary>
    public required string Strategy { get; init; }

    /// <summary>Passages per retrieval.</summary>
    public required int K { get; init; }

    /// <summary>Demonstrations.</summary>
    public required int M { get; init; }

    /// <summary>Iterations at most.</summary>
    public required int N { get; init; }

    /// <summary>The budget in effective context tokens.</summary>
    public required long Budget { get; init; }

    /// <summary>Why answering failed; null when it did not.</summary>
    public string? Error { get; init; }

    /// <summary>The answer; null when answering failed.</summary>
    public string? Answer { get; init; }

    /// <summary>Whether the answer says that the documents do not hold it.</summary>
    public bool IsNotFound { get; init; }

    /// <summary>The model that answered, as it named itself.</summary>
    public string? Model { get; init; }

    /// <summary>Why answering ended.</summary>
    public StopReason? StopReason { get; init; }

    /// <summary>k, m and n as used, in this order; empty when answering failed.</summary>
    public IReadOnlyList<int> Used { get; init; } = [];

    /// <summary>Effective context tokens.</summary>
    public long Tokens { get; init; }

    /// <summary>Output tokens of all requests: reported, or else counted.</summary>
    public long OutputTokens { get; init; }

    /// <summary>
    /// Seconds from question to answer. A reply that was remembered from an earlier configuration counts with the time it took then, so that each configuration is
    /// charged as if it were asked alone.
    /// </summary>
    public double Seconds { get; init; }

    /// <summary>US dollars of all requests, remembered replies included; null when no prices are known.</summary>
    public double? Cost { get; init; }

    /// <summary>The part of <see cref="Cost"/> that was really spent: without remembered replies.</summary>
    public double? Spent { get; init; }

    /// <summary>When it was recorded.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Every retrieval in order.</summary>
    public IReadOnlyList<RunRetrieval> Retrievals { get; init; } = [];

    /// <summary>Every request to the model in order.</summary>
    public IReadOnlyList<RunRequest> Requests { get; init; } = [];

    /// <summary>The Self-Ask steps.</summary>
    public IReadOnlyList<SelfAskStep> Steps { get; init; } = [];

    /// <summary>Numbers of the cited passages.</summary>
    public IReadOnlyList<int> Citations { get; init; } = [];

    /// <summary>The configuration.</summary>
    [JsonIgnore]
    public RunConfiguration Configuration => new(Strategy, new InferenceParameters(K, M, N), Budget);

    /// <summary>Whether answering failed.</summary>
    [JsonIgnore]
    public bool IsFailed => Error is not null;
}

/// <summary>One retrieval.</summary>
/// <param name="Query">The query.</param>
/// <param name="Passages">Numbers of the passages it brought, best first.</param>
public sealed record RunRetrieval(string Query, IReadOnlyList<int> Passages)
{
    /// <summary>Passages that were left out because another one says the same; null for none.</summary>
    public int? Duplicates { get; init; }
}

/// <summary>One request to the model.</summary>
public sealed record RunRequest
{
    /// <summary>What it asked for.</summary>
    public required string Purpose { get; init; }

    /// <summary>Input tokens, counted.</summary>
    public required int Tokens { get; init; }

    /// <summary>Input tokens the provider reported.</summary>
    public long? Input { get; init; }

    /// <summary>Input tokens the provider took from its cache.</summary>
    public long? Cached { get; init; }

    /// <summary>Output tokens the provider reported.</summary>
    public long? Output { get; init; }

    /// <summary>What became of drafts that were handed to the model; null when there were none.</summary>
    public PredictionUsage? Prediction { get; init; }

    /// <summary>Numbers of the passages in the prompt, in prompt order; null when <see cref="Added"/> and <see cref="Removed"/> say what changed since the request before.</summary>
    public IReadOnlyList<int>? Passages { get; init; }

    /// <summary>Numbers of passages behind those of the request before.</summary>
    public IReadOnlyList<int>? Added { get; init; }

    /// <summary>Numbers of passages that the request before had and this has not.</summary>
    public IReadOnlyList<int>? Removed { get; init; }

    /// <summary>Ids of the demonstrations in the prompt.</summary>
    public IReadOnlyList<string> Demonstrations { get; init; } = [];

    /// <summary>What was left out: passages, passages of demonstrations, demonstrations; null for nothing.</summary>
    public IReadOnlyList<int>? Trimmed { get; init; }

    /// <summary>The reply; empty when the request failed.</summary>
    public required string Reply { get; init; }

    /// <summary>Why there is no reply; null when there is one.</summary>
    public string? Error { get; init; }

    /// <summary>Hash of the request: a run asks equal requests about a question once.</summary>
    public string? Key { get; init; }

    /// <summary>Whether the reply was remembered from an earlier configuration.</summary>
    public bool Reused { get; init; }

    /// <summary>Seconds the reply took, when it was asked for.</summary>
    public double Seconds { get; init; }
}
