using System.Text.Json.Serialization;

namespace AgentRag.Documents;

/// <summary>A question with its gold answers: one row of a data set, of a test set or of a demonstration pool.</summary>
/// <remarks>The JSON form is one object per line: <c>{"id","question","answers","supporting","hops","type","source","decomposition"}</c>.</remarks>
public sealed record LabelledQuestion
{
    /// <summary>Unique id within its file.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The question.</summary>
    [JsonPropertyName("question")]
    public required string Question { get; init; }

    /// <summary>Accepted answers, the canonical one first; empty when the documents do not hold the answer.</summary>
    [JsonPropertyName("answers")]
    public required IReadOnlyList<string> Answers { get; init; }

    /// <summary>Ids of the documents that hold the evidence; length ≥ 0.</summary>
    [JsonPropertyName("supporting")]
    public IReadOnlyList<string> Supporting { get; init; } = [];

    /// <summary>Number of documents that must be combined, 0 for a question that none answers; null when not labelled.</summary>
    [JsonPropertyName("hops")]
    public int? Hops { get; init; }

    /// <summary>Kind of question, such as <c>bridge</c> or <c>comparison</c>; null when not labelled.</summary>
    [JsonPropertyName("type")]
    public string? Type { get; init; }

    /// <summary>Where the question comes from; null when not stated.</summary>
    [JsonPropertyName("source")]
    public string? Source { get; init; }

    /// <summary>The gold sub-questions in order; length ≥ 0. A later question may name an earlier answer as <c>#1</c>.</summary>
    [JsonPropertyName("decomposition")]
    public IReadOnlyList<LabelledStep> Decomposition { get; init; } = [];

    /// <summary>Whether the documents hold the answer.</summary>
    [JsonIgnore]
    public bool IsAnswerable => Answers.Count > 0;
}

/// <summary>One gold step of a multi-hop question.</summary>
/// <param name="Question">The sub-question; <c>#1</c> stands for the first step's answer.</param>
/// <param name="Answer">Its answer.</param>
/// <param name="Supporting">Id of the document that holds it; null for a step of reasoning alone.</param>
public sealed record LabelledStep(
    [property: JsonPropertyName("question")] string Question,
    [property: JsonPropertyName("answer")] string Answer,
    [property: JsonPropertyName("supporting")] string? Supporting = null);
