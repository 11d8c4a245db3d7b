using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Models;

namespace AgentRag.Evaluation.Runs;

/// <summary>The scores of one record.</summary>
/// <param name="QuestionId">The question.</param>
/// <param name="Metrics">Answer metrics; null when answering failed.</param>
/// <param name="Judged">The judge's verdict as 0 or 1; null without one.</param>
/// <param name="Recall">Share of supporting documents in the prompts; null when the question names none.</param>
/// <param name="Ndcg">NDCG of the documents in the prompts; null when the question names none.</param>
/// <param name="ReciprocalRank">Reciprocal rank of the first supporting document in the prompts; null when the question names none.</param>
/// <param name="Tokens">Effective context tokens.</param>
/// <param name="OutputTokens">Output tokens.</param>
/// <param name="Requests">Requests to the model.</param>
/// <param name="Seconds">Seconds to the answer.</param>
/// <param name="Cost">US dollars; null when no prices are known.</param>
/// <param name="IsTrimmed">Whether something did not fit into a prompt.</param>
public sealed record QuestionScore(
    string QuestionId,
    AnswerMetrics? Metrics,
    double? Judged,
    double? Recall,
    double? Ndcg,
    double? ReciprocalRank,
    long Tokens,
    long OutputTokens,
    int Requests,
    double Seconds,
    double? Cost,
    bool IsTrimmed)
{
    /// <summary>What became of drafts that were handed to the model, over all requests; null when there were none.</summary>
    public PredictionUsage? Prediction { get; init; }

    /// <summary>Whether answering failed.</summary>
    public bool IsFailed => Metrics is null;

    /// <summary>k, m and n as they were used, n the iterations run; null for a failed question.</summary>
    public InferenceParameters? Used { get; init; }

    /// <summary>One metric.</summary>
    /// <param name="metric">Which.</param>
    /// <returns>The value; 0 for a failed question; null when the question has no such value.</returns>
    public double? Value(EvaluationMetric metric) => metric switch
    {
        EvaluationMetric.ExactMatch => Metrics?.ExactMatch ?? 0,
        EvaluationMetric.F1 => Metrics?.F1 ?? 0,
        EvaluationMetric.F1HotpotQa => Metrics?.F1HotpotQa ?? 0,
        EvaluationMetric.Accuracy => Metrics?.Accuracy ?? 0,
        EvaluationMetric.Judged => Judged,
        EvaluationMetric.Recall => Recall,
        EvaluationMetric.Ndcg => Ndcg,
        EvaluationMetric.ReciprocalRank => ReciprocalRank,
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "There is no such metric."),
    };

    /// <summary>Scores a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="question">Its question.</param>
    /// <param name="passages">The run's passages.</param>
    /// <param name="judgements">Verdicts by question and answer; null when there is no judge.</param>
    public static QuestionScore Of(
        RunRecord record, LabelledQuestion question, IReadOnlyList<RunPassage> passages, IReadOnlyDictionary<(string Question, string Answer), bool>? judgements)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(passages);
        var metrics = record.IsFailed ? null : AnswerMetrics.Score(record.Answer ?? "", record.IsNotFound, question.Answers);
        var hasSupports = question.Supporting.Count > 0;
        var documents = hasSupports ? DocumentsInPrompts(record, passages) : [];
        return new QuestionScore(
            record.QuestionId,
            metrics,
            judgements is null ? null : JudgedOf(record, question, metrics, judgements),
            hasSupports ? RetrievalMetrics.RecallAtK(documents, question.Supporting, int.MaxValue) : null,
            hasSupports ? RetrievalMetrics.Ndcg(documents, question.Supporting) : null,
            hasSupports ? RetrievalMetrics.ReciprocalRank(documents, question.Supporting) : null,
            record.Tokens,
            record.OutputTokens,
            record.Requests.Count,
            record.Seconds,
            record.Cost,
            record.Requests.Any(request => request.Trimmed is not null))
        {
            Used = record.Used is [var k, var m, var n] ? new InferenceParameters(k, m, n) : null,
            Prediction = PredictionUsage.Sum(record.Requests.Select(request => request.Prediction)),
        };
    }

    // The passages that were in some prompt, in the order in which retrieval after retrieval ranked them.
    private static List<string> DocumentsInPrompts(RunRecord record, IReadOnlyList<RunPassage> passages)
    {
        var inPrompts = RunReader.PromptPassages(record).SelectMany(prompt => prompt).ToHashSet();
        return
        [
            .. record.Retrievals.SelectMany(retrieval => retrieval.Passages)
                .Where(number => number < passages.Count && inPrompts.Contains(number))
                .Select(number => passages[number].DocumentId).Distinct(StringComparer.Ordinal),
        ];
    }

    private static double? JudgedOf(
        RunRecord record, LabelledQuestion question, AnswerMetrics? metrics, IReadOnlyDictionary<(string Question, string Answer), bool> judgements) =>
        metrics is null ? 0
        : record.IsNotFound || !question.IsAnswerable ? metrics.ExactMatch
        : judgements.TryGetValue((record.QuestionId, record.Answer!), out var isCorrect) ? (isCorrect ? 1 : 0)
        : null;
}
