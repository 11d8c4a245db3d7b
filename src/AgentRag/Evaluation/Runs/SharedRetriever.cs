using AgentRag.Retrieval;

namespace AgentRag.Evaluation.Runs;

/// <summary>Retrieves for a query once, at the largest k of a grid, and hands every configuration the beginning that it asked for.</summary>
/// <remarks>
/// Only for retrievers whose ranking for k passages is the beginning of the ranking for more; tests hold BM25 and linked retrieval to that. Others, such as a
/// reranker whose window depends on k, are asked once for each k. Not for concurrent use: one belongs to one question.
/// </remarks>
internal sealed class SharedRetriever(IRetriever retriever, int largestK) : IRetriever
{
    private static readonly HashSet<string> PrefixStable = new(["bm25", "linked"], StringComparer.Ordinal);

    private readonly Dictionary<(string Query, int K), IReadOnlyList<RankedPassage>> _known = [];

    public string Name => retriever.Name;

    /// <summary>Whether a retriever's shorter ranking is the beginning of its longer one.</summary>
    public static bool IsPrefixStable(IRetriever retriever) => PrefixStable.Contains(retriever.Name);

    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        if (query.Filter is not null || query.Explain)
        {
            return await retriever.RetrieveAsync(query, cancellationToken).ConfigureAwait(false);
        }

        var k = IsPrefixStable(retriever) ? Math.Max(largestK, query.K) : query.K;
        if (!_known.TryGetValue((query.Text, k), out var ranked))
        {
            ranked = await retriever.RetrieveAsync(new RetrievalQuery(query.Text, k), cancellationToken).ConfigureAwait(false);
            _known.Add((query.Text, k), ranked);
        }

        return ranked.Count <= query.K ? ranked : [.. ranked.Take(query.K)];
    }
}
