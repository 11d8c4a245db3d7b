namespace AgentRag.Evaluation;

/// <summary>What an evaluation measures of each question. Shares in [0, 1].</summary>
public enum EvaluationMetric
{
    /// <summary>ExactMatch (the paper's EM).</summary>
    ExactMatch,

    /// <summary>F1 over words, the best over the gold answers.</summary>
    F1,

    /// <summary>F1 with HotpotQA's rule for yes and no.</summary>
    F1HotpotQa,

    /// <summary>Whether a gold answer is contained in the answer (the paper's Acc).</summary>
    Accuracy,

    /// <summary>A model's verdict.</summary>
    Judged,

    /// <summary>Share of the supporting documents that were in a prompt.</summary>
    Recall,

    /// <summary>NDCG of the documents in the prompts.</summary>
    Ndcg,

    /// <summary>1 / rank of the first supporting document in the prompts; its mean is MRR.</summary>
    ReciprocalRank,
}

/// <summary>The names of metrics.</summary>
public static class EvaluationMetrics
{
    /// <summary>The three of the paper's tables, in their order.</summary>
    public static IReadOnlyList<EvaluationMetric> OfPaper { get; } = [EvaluationMetric.ExactMatch, EvaluationMetric.F1, EvaluationMetric.Accuracy];

    /// <summary>Whether a question has either 0 or 1.</summary>
    /// <param name="metric">The metric.</param>
    public static bool IsYesOrNo(this EvaluationMetric metric) => metric is EvaluationMetric.ExactMatch or EvaluationMetric.Accuracy or EvaluationMetric.Judged;

    /// <summary>The short name that tables use.</summary>
    /// <param name="metric">The metric.</param>
    public static string ShortName(this EvaluationMetric metric) => metric switch
    {
        EvaluationMetric.ExactMatch => "EM",
        EvaluationMetric.F1 => "F1",
        EvaluationMetric.F1HotpotQa => "F1 (HotpotQA rule)",
        EvaluationMetric.Accuracy => "Acc",
        EvaluationMetric.Judged => "judged",
        EvaluationMetric.Recall => "recall",
        EvaluationMetric.Ndcg => "NDCG",
        EvaluationMetric.ReciprocalRank => "MRR",
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "There is no such metric."),
    };
}
