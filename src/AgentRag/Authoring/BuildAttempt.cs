using System.Text.Json.Serialization;
using AgentRag.Demonstrations;

namespace AgentRag.Authoring;

/// <summary>One finished try of one question: a line of the work log.</summary>
internal sealed record BuildAttempt
{
    /// <summary>The question's id.</summary>
    public required string Id { get; init; }

    /// <summary>Hash of the question with its answers: an edited question is asked again.</summary>
    public required string Question { get; init; }

    /// <summary>Number of the try, from 1.</summary>
    public required int Try { get; init; }

    public required TraceOutcome Outcome { get; init; }

    /// <summary>What was answered.</summary>
    public string? Answer { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    public int Steps { get; init; }

    public int Requests { get; init; }

    public long EffectiveContextTokens { get; init; }

    public long OutputTokens { get; init; }

    public decimal? Cost { get; init; }

    /// <summary>Whether it was cut short by what was left of the cost limit of the build.</summary>
    [JsonIgnore]
    public bool IsCutByCost { get; init; }

    /// <summary>The demonstration as a row of a pool; null when the try cannot be kept.</summary>
    public string? Row { get; init; }

    /// <summary>The demonstration.</summary>
    [JsonIgnore]
    public Demonstration? Demonstration { get; init; }
}
