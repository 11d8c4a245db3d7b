namespace AgentRag.Retrieval.Reranking;

/// <summary>Puts passages that a retriever found into a better order.</summary>
/// <remarks>Implementations are safe for concurrent use.</remarks>
public interface IReranker
{
    /// <summary>The reranker's name, written into reports, such as <c>http</c>.</summary>
    string Name { get; }

    /// <summary>Orders passages by how well they fit a query.</summary>
    /// <param name="query">The question or keywords; not empty.</param>
    /// <param name="passages">What a retriever found, best first; no passage twice.</param>
    /// <param name="topK">How many to return at most, ≥ 0.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>
    /// The best topK of the passages, best first, ranks from 1, with the reranker's scores. An explanation that a passage came with becomes a part of
    /// the new one.
    /// </returns>
    /// <exception cref="AgentRagException">The model or server behind it fails, or its reply cannot be used.</exception>
    Task<IReadOnlyList<RankedPassage>> RerankAsync(
        string query, IReadOnlyList<RankedPassage> passages, int topK, CancellationToken cancellationToken = default);
}
