namespace AgentRag.Retrieval.Fusion;

/// <summary>How rankings become one.</summary>
public enum FusionMethod
{
    /// <summary>Each ranking gives weight / (k + rank). Source: Cormack, Clarke and Büttcher, SIGIR 2009. Needs no comparable scores.</summary>
    ReciprocalRank,

    /// <summary>Weighted mean of scores brought to [0, 1] per ranking: its lowest listed score becomes 0, its highest 1; all equal, they become 1.</summary>
    MinMaxScore,

    /// <summary>Weighted mean of scores brought to mean 0 and standard deviation 1 per ranking; all equal, they become 0.</summary>
    ZScore,
}

/// <summary>How rankings are fused.</summary>
/// <remarks>
/// A passage that a ranking does not list gets nothing from it by reciprocal rank, and the ranking's lowest normalised score by the other methods: no better
/// than the last that is listed.
/// </remarks>
public sealed record FusionOptions
{
    /// <summary>The method. Default <see cref="FusionMethod.ReciprocalRank"/>.</summary>
    public FusionMethod Method { get; init; } = FusionMethod.ReciprocalRank;

    /// <summary>The constant k of reciprocal rank fusion, > 0. Default 60, as in its paper.</summary>
    public double RankConstant { get; init; } = 60;

    /// <summary>One weight > 0 per retriever; null for 1 each. Default null.</summary>
    public IReadOnlyList<double>? Weights { get; init; }

    /// <summary>How many passages each retriever is asked for at least, in [1, 1000]. Default 100: a passage of middling rank in both rankings can win.</summary>
    public int Depth { get; init; } = 100;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <param name="retrievers">How many retrievers there are.</param>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public FusionOptions Validated(int retrievers)
    {
        List<string> problems = [];
        Require(Enum.IsDefined(Method), $"Method is {Method}, must be ReciprocalRank, MinMaxScore or ZScore");
        Require(double.IsFinite(RankConstant) && RankConstant > 0, $"RankConstant is {RankConstant}, must be greater than 0");
        Require(
            Weights is null || (Weights.Count == retrievers && Weights.All(weight => double.IsFinite(weight) && weight > 0)),
            $"Weights are {string.Join(", ", Weights ?? [])}, must be {retrievers} numbers greater than 0");
        Require(Depth is >= 1 and <= RetrievalQuery.MaxK, $"Depth is {Depth}, must be in [1, {RetrievalQuery.MaxK}]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Fusion: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
