namespace AgentRag.Evaluation.Reports;

/// <summary>What a report shows.</summary>
public sealed record RunReportOptions
{
    /// <summary>The metric by which the best configurations are chosen. Default F1.</summary>
    public EvaluationMetric Metric { get; init; } = EvaluationMetric.F1;

    /// <summary>Questions of each run that are shown with their whole way to the answer, ≥ 0. Default 40: those on which the strategies differ most.</summary>
    public int DetailedQuestions { get; init; } = 40;

    /// <summary>Predictions to set against what was measured. Default none.</summary>
    public IReadOnlyList<PerformancePrediction> Predictions { get; init; } = [];

    /// <summary>Seeds intervals and tests. Default 1.</summary>
    public ulong Seed { get; init; } = 1;
}
