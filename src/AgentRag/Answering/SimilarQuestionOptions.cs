namespace AgentRag.Answering;

/// <summary>When an answer given before answers a question that is only like the one it was given to.</summary>
public sealed record SimilarQuestionOptions
{
    /// <summary>
    /// Similarity from which on the earlier answer is given, in (0, 1]. Default 0.95: by the lexical measure at most five words of politeness differ. Measure before
    /// lowering it.
    /// </summary>
    public double Threshold { get; init; } = 0.95;

    /// <summary>Questions that are kept of one kind (strategy, parameters, model, index), the latest; ≥ 1. Default 500.</summary>
    public int MaxQuestions { get; init; } = 500;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public SimilarQuestionOptions Validated()
    {
        List<string> problems = [];
        problems.AddRange(Threshold is > 0 and <= 1 ? [] : [$"Threshold is {Threshold}, must be above 0 and at most 1"]);
        problems.AddRange(MaxQuestions >= 1 ? [] : [$"MaxQuestions is {MaxQuestions}, must be at least 1"]);
        return problems.Count == 0 ? this : throw new AgentRagException($"Similar questions: {string.Join("; ", problems)}.");
    }
}
