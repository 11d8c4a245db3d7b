namespace AgentRag.Retrieval;

/// <summary>Many queries at once.</summary>
public static class RetrieverBatch
{
    /// <summary>Answers many queries, several at a time.</summary>
    /// <param name="retriever">The retriever.</param>
    /// <param name="queries">The queries; length ≥ 0.</param>
    /// <param name="maxConcurrency">Queries under way at a time, ≥ 1; null for one per processor. A server behind the retriever may want fewer.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>What <see cref="IRetriever.RetrieveAsync"/> returns for each query, in their order.</returns>
    /// <exception cref="AgentRagException">A query fails; those that have not begun are given up.</exception>
    public static async Task<IReadOnlyList<IReadOnlyList<RankedPassage>>> RetrieveManyAsync(
        this IRetriever retriever, IReadOnlyList<RetrievalQuery> queries, int? maxConcurrency = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(retriever);
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConcurrency ?? 1, 1, nameof(maxConcurrency));
        var results = new IReadOnlyList<RankedPassage>[queries.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = maxConcurrency ?? Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForAsync(
            0,
            queries.Count,
            options,
            async (i, token) => results[i] = await retriever.RetrieveAsync(queries[i], token).ConfigureAwait(false)).ConfigureAwait(false);
        return results;
    }
}
