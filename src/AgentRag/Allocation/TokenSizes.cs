using AgentRag.Answering;

namespace AgentRag.Allocation;

/// <summary>What the parts of a prompt cost, in model tokens: from the index and the demonstrations in use, or assumed.</summary>
public sealed record TokenSizes
{
    /// <summary>One test passage with its delimiters, ≥ 0. Default 130: the paper's passages of about 100 words.</summary>
    public double PassageTokens { get; init; } = 130;

    /// <summary>One passage of a demonstration with its delimiters, ≥ 0. Default 130.</summary>
    public double DemonstrationPassageTokens { get; init; } = 130;

    /// <summary>A demonstration without its passages: question, steps, answer, delimiters; ≥ 0. Default 0.</summary>
    public double DemonstrationTokens { get; init; }

    /// <summary>Retrievals whose passages an IterDRAG demonstration shows, ≥ 1: its question's and its sub-queries'. Default 1.</summary>
    public double DemonstrationRetrievals { get; init; } = 1;

    /// <summary>Instructions and question of one request, ≥ 0. Default 0.</summary>
    public double InstructionTokens { get; init; }

    /// <summary>Effective context tokens of a strategy when all of θ is used.</summary>
    /// <param name="strategy">The strategy's name; a strange one is taken to cost what IterDRAG costs, the most of all.</param>
    /// <param name="parameters">θ.</param>
    public double Of(string strategy, InferenceParameters parameters) => strategy switch
    {
        ChainOfThoughtAnswerer.Name => LargestRequest(strategy, parameters),
        DecomposeParallelAnswerer.Name or KeywordExpansionAnswerer.Name => SideBySide(parameters),
        _ when Answerers.UsesIterations(strategy) => IterDrag(parameters),
        _ => Drag(parameters),
    };

    /// <summary>Input tokens of a strategy's largest single request.</summary>
    /// <param name="strategy">The strategy's name.</param>
    /// <param name="parameters">θ.</param>
    public double LargestRequest(string strategy, InferenceParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return strategy == ChainOfThoughtAnswerer.Name ? LargestIterDragRequest(parameters with { N = 0 }) // the demonstrations of IterDRAG, one retrieval
            : Answerers.UsesIterations(strategy) ? LargestIterDragRequest(parameters)
            : Drag(parameters);
    }

    /// <summary>Effective context tokens of DRAG: one request with k passages, and m demonstrations of k passages each.</summary>
    /// <param name="parameters">θ; n is not used.</param>
    public double Drag(InferenceParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return InstructionTokens + (parameters.K * PassageTokens) + (parameters.M * ((parameters.K * DemonstrationPassageTokens) + DemonstrationTokens));
    }

    /// <summary>
    /// Effective context tokens of IterDRAG when all n iterations are used: 2n + 1 requests, which resend the demonstrations and all passages so far, so
    /// k · (n² + 3n + 1) passages over all.
    /// </summary>
    /// <param name="parameters">θ.</param>
    public double IterDrag(InferenceParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var (k, m, n) = (parameters.K, parameters.M, (double)parameters.N);
        var demonstration = (k * DemonstrationRetrievals * DemonstrationPassageTokens) + DemonstrationTokens;
        return (((2 * n) + 1) * (InstructionTokens + (m * demonstration))) + (k * PassageTokens * ((n * n) + (3 * n) + 1));
    }

    /// <summary>
    /// Effective context tokens of a strategy that asks n parts side by side: a request that splits, without passages; n with the k passages of their part;
    /// and the last, with the demonstrations and the passages of question and parts.
    /// </summary>
    /// <param name="parameters">θ.</param>
    public double SideBySide(InferenceParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var (k, n) = (parameters.K, parameters.N);
        return ((n + 1) * InstructionTokens) + (n * k * PassageTokens) + LargestIterDragRequest(parameters);
    }

    /// <summary>Input tokens of the largest single request of IterDRAG: the last, with the passages of the question and of n sub-queries.</summary>
    /// <param name="parameters">θ.</param>
    public double LargestIterDragRequest(InferenceParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var (k, m, n) = (parameters.K, parameters.M, parameters.N);
        return InstructionTokens + (k * (n + 1) * PassageTokens) + (m * ((k * DemonstrationRetrievals * DemonstrationPassageTokens) + DemonstrationTokens));
    }
}
