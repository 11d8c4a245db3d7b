using AgentRag.Indexing;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>What a new collection is made with. BM25's parameters are part of the stored weights, so they cannot change later.</summary>
public sealed record QdrantCollectionOptions
{
    /// <summary>How text becomes terms. Default English.</summary>
    public AnalyzerOptions Analyzer { get; init; } = AnalyzerOptions.English;

    /// <summary>BM25's parameters.</summary>
    public Bm25Options Bm25 { get; init; } = new();

    /// <summary>
    /// Mean length of a passage in index terms, > 0, that BM25 compares lengths with. Fixed when the collection is made: an existing one keeps its own.
    /// Default 100. <see cref="For"/> takes it from an index, which makes the scores equal to that index's.
    /// </summary>
    public double MeanPassageTerms { get; init; } = 100;

    /// <summary>Shards, ≥ 1; null for the server's default: one, in a cluster one per node.</summary>
    public int? ShardNumber { get; init; }

    /// <summary>Copies of each shard, ≥ 1; null for the server's default, one.</summary>
    public int? ReplicationFactor { get; init; }

    /// <summary>Copies that must have taken a write before it counts as done, ≥ 1; null for the server's default, one.</summary>
    public int? WriteConsistencyFactor { get; init; }

    /// <summary>The options that make a collection score like a local index.</summary>
    /// <param name="index">The index.</param>
    /// <param name="bm25">BM25's parameters; null for the defaults.</param>
    /// <returns>The options.</returns>
    public static QdrantCollectionOptions For(Bm25Index index, Bm25Options? bm25 = null)
    {
        ArgumentNullException.ThrowIfNull(index);
        return new() { Analyzer = index.Analyzer.Options, Bm25 = bm25 ?? new(), MeanPassageTerms = index.MeanPassageTerms > 0 ? index.MeanPassageTerms : 100 };
    }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public QdrantCollectionOptions Validated()
    {
        Bm25.Validated();
        List<string> problems = [];
        Require(double.IsFinite(MeanPassageTerms) && MeanPassageTerms > 0, $"MeanPassageTerms is {MeanPassageTerms}, must be greater than 0");
        Require(ShardNumber is null or >= 1, $"ShardNumber is {ShardNumber}, must be at least 1");
        Require(ReplicationFactor is null or >= 1, $"ReplicationFactor is {ReplicationFactor}, must be at least 1");
        Require(
            WriteConsistencyFactor is null || (WriteConsistencyFactor >= 1 && WriteConsistencyFactor <= (ReplicationFactor ?? int.MaxValue)),
            $"WriteConsistencyFactor is {WriteConsistencyFactor}, must be at least 1 and at most ReplicationFactor ({ReplicationFactor})");
        return problems.Count == 0 ? this : throw new AgentRagException($"Qdrant collection: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
