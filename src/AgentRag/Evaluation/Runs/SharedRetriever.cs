using System.Collections.Concurrent;
using AgentRag.Retrieval;

namespace AgentRag.Evaluation.Runs;

/// <summary>Retrieves for a query once, at the largest k of a grid, and hands every configuration the beginning that it asked for.</summary>
/// <remarks>
/// Only where a retriever's ranking for k passages is the beginning of its ranking for more, which tests hold it to: BM25's always is, linked retrieval's up to 100,
/// as it looks for links from the best 100 passages however many are asked for, and puts further ones in another order among equals. Beyond that, and for other
/// retrievers, such as a reranker whose window depends on k, every k is retrieved for by itself. One belongs to one question; safe for the queries that one strategy asks side by side.
/// </remarks>
internal sealed class SharedRetriever(IRetriever retriever, int largestK) : IRetriever
{
    private readonly ConcurrentDictionary<(string Query, int K), IReadOnlyList<RankedPassage>> _known = new();

    public string Name => retriever.Name;

    /// <summary>Up to which k a retriever's shorter rankings are beginnings of its longer ones.</summary>
    public static int StableUpTo(IRetriever retriever) => retriever.Name switch
    {
        "bm25" => RetrievalQuery.MaxK,
        "linked" => 100,
        _ => 0,
    };

    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        if (query.Filter is not null || query.Explain)
        {
            return await retriever.RetrieveAsync(query, cancellationToken).ConfigureAwait(false);
        }

        var stable = StableUpTo(retriever);
        var k = query.K <= stable ? Math.Max(query.K, Math.Min(largestK, stable)) : query.K;
        if (!_known.TryGetValue((query.Text, k), out var ranked))
        {
            ranked = await retriever.RetrieveAsync(new RetrievalQuery(query.Text, k), cancellationToken).ConfigureAwait(false);
            _known.TryAdd((query.Text, k), ranked);
        }

        return ranked.Count <= query.K ? ranked : [.. ranked.Take(query.K)];
    }
}
