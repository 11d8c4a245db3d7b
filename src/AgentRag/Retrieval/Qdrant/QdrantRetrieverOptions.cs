namespace AgentRag.Retrieval.Qdrant;

/// <summary>How a collection is searched.</summary>
public sealed record QdrantRetrieverOptions
{
    /// <summary>Which passages count, beside what a query itself asks for; null for all.</summary>
    public QdrantFilter? Filter { get; init; }

    /// <summary>Passages that each leg, BM25 and dense, hands to the fusion: this many or k, whichever is more, in [1, 10000]. Default 100.</summary>
    public int LegDepth { get; init; } = 100;

    /// <summary>
    /// The constant k of reciprocal rank fusion, 1 / (k + rank) with ranks from 1, in [0, 1000]; null for Qdrant's own, which is 1. Default null.
    /// The literature's is 60.
    /// </summary>
    public int? RrfK { get; init; }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public QdrantRetrieverOptions Validated()
    {
        List<string> problems = [];
        Require(LegDepth is >= 1 and <= 10_000, $"LegDepth is {LegDepth}, must be in [1, 10000]");
        Require(RrfK is null or (>= 0 and <= 1000), $"RrfK is {RrfK}, must be in [0, 1000]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Qdrant search: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
