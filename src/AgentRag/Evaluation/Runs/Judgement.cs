using System.Text.Json.Serialization;

namespace AgentRag.Evaluation.Runs;

/// <summary>What a judge said about one answer to one question.</summary>
/// <param name="QuestionId">The question.</param>
/// <param name="Answer">The answer, as it was judged.</param>
/// <param name="Judge">Who judged: the model's name and the prompt's hash.</param>
/// <param name="IsCorrect">The verdict; null when the judge gave none.</param>
/// <param name="Reply">What the judge replied.</param>
public sealed record Judgement(
    [property: JsonPropertyName("question")] string QuestionId,
    [property: JsonPropertyName("answer")] string Answer,
    [property: JsonPropertyName("judge")] string Judge,
    [property: JsonPropertyName("correct"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] bool? IsCorrect,
    [property: JsonPropertyName("reply")] string Reply);
