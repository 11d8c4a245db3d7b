using AgentRag.Answering;

namespace AgentRag.Evaluation;

/// <summary>What a strategy reached on a set of questions, and what it cost.</summary>
public sealed record EvaluationReport
{
    /// <summary>The strategy.</summary>
    public required string Strategy { get; init; }

    /// <summary>The model that answered.</summary>
    public required string Model { get; init; }

    /// <summary>The parameters asked for.</summary>
    public required InferenceParameters Parameters { get; init; }

    /// <summary>One result per question, in the order of the file.</summary>
    public required IReadOnlyList<EvaluatedQuestion> Questions { get; init; }

    /// <summary>Questions that failed; they count as 0 in every metric.</summary>
    public int Failed => Questions.Count(question => question.Error is not null);

    /// <summary>Mean ExactMatch over all questions, in [0, 1].</summary>
    public double ExactMatch => Mean(question => question.Metrics?.ExactMatch ?? 0);

    /// <summary>Mean F1 over all questions, in [0, 1].</summary>
    public double F1 => Mean(question => question.Metrics?.F1 ?? 0);

    /// <summary>Mean Accuracy over all questions, in [0, 1].</summary>
    public double Accuracy => Mean(question => question.Metrics?.Accuracy ?? 0);

    /// <summary>Mean effective context tokens of the questions that did not fail.</summary>
    public double MeanEffectiveContextTokens => MeanAnswered(answer => answer.EffectiveContextTokens);

    /// <summary>The most effective context tokens that one question took.</summary>
    public long MaxEffectiveContextTokens => Questions.Select(question => question.Answer?.EffectiveContextTokens ?? 0).DefaultIfEmpty().Max();

    /// <summary>Mean requests of the questions that did not fail.</summary>
    public double MeanRequests => MeanAnswered(answer => answer.Trace.Count);

    private double Mean(Func<EvaluatedQuestion, double> value) => Questions.Select(value).DefaultIfEmpty().Average();

    private double MeanAnswered(Func<Answer, double> value) => Questions.Select(question => question.Answer).OfType<Answer>().Select(value).DefaultIfEmpty().Average();
}

/// <summary>The result of one question: an answer with its metrics, or the error that ended it.</summary>
/// <param name="Question">The question with its gold answers.</param>
/// <param name="Answer">The answer; null when the question failed.</param>
/// <param name="Metrics">Its metrics; null when the question failed.</param>
/// <param name="Error">Why it failed; null when it did not.</param>
public sealed record EvaluatedQuestion(Documents.LabelledQuestion Question, Answer? Answer, AnswerMetrics? Metrics, string? Error);
