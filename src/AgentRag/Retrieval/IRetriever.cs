namespace AgentRag.Retrieval;

/// <summary>Ranks the passages of an index for a query.</summary>
/// <remarks>Implementations are safe for concurrent use.</remarks>
public interface IRetriever
{
    /// <summary>The retriever's name, written into reports, such as <c>bm25</c>.</summary>
    string Name { get; }

    /// <summary>Finds the passages that fit a query best.</summary>
    /// <param name="query">What to look for and how many passages to return.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>At most k passages, best first, ranks from 1; equal scores in a fixed order. Empty when nothing matches.</returns>
    Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default);
}
