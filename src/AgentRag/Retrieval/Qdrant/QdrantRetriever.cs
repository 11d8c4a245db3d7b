using System.Text.Json;
using AgentRag.Models;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>Ranks the passages of a Qdrant collection: by BM25, and with an embedder by reciprocal rank fusion of BM25 and dense vectors.</summary>
/// <remarks>
/// Equal scores are in the order of the passages' ids, among those that the server returns; which of equal ones it returns at the cut is its choice. The
/// dense leg is Qdrant's approximate search. Safe for concurrent use.
/// </remarks>
public sealed class QdrantRetriever : IRetriever
{
    private readonly QdrantIndex _index;
    private readonly QdrantRetrieverOptions _options;

    /// <summary>Makes a retriever; no request is sent yet.</summary>
    /// <param name="index">What to search; stays the caller's. Opened without an embedder it is searched by BM25 alone.</param>
    /// <param name="options">Filter and fusion; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public QdrantRetriever(QdrantIndex index, QdrantRetrieverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(index);
        (_index, _options) = (index, (options ?? new()).Validated());
    }

    /// <inheritdoc/>
    public string Name => IsHybrid ? "qdrant-hybrid" : "qdrant-bm25";

    private bool IsHybrid => _index.Embedder is not null && _index.Dimensions is not null;

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The server or the embedding model fails.</exception>
    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        if (query.K == 0)
        {
            return [];
        }

        // A plain null would become an empty vector, by way of an empty array.
        var vector = IsHybrid ? (await _index.EmbedAsync([query.Text], cancellationToken).ConfigureAwait(false))[0] : default(ReadOnlyMemory<float>?);
        QdrantQuery request = new(_index.Sparse.Query(query.Text), vector, _options, query.K, query.Filter);
        if (request.IsEmpty)
        {
            return [];
        }

        using var json = await _index.SendAsync(
            HttpMethod.Post, "points/query", request.Ranking(QdrantPoint.PassageFields), _index.Read, cancellationToken).ConfigureAwait(false);
        var ranked = (json.RootElement.Field("result") ?? throw _index.Faults.Malformed("it has no result")).Items("points")
            .Select(point => (Id: QdrantScores.IdOf(point), Score: ScoreOf(point), Passage: _index.PassageOf(point)))
            .OrderByDescending(point => point.Score)
            .ThenBy(point => point.Passage.Id, StringComparer.Ordinal)
            .ToList();
        var explain = query.Explain && ranked.Count > 0
            ? await QdrantScores.AskAsync(_index, request, [.. ranked.Select(point => point.Id)], cancellationToken).ConfigureAwait(false)
            : null;
        return [.. ranked.Select((point, i) => new RankedPassage(point.Passage, i + 1, point.Score, explain?.Explain(point.Id, point.Score)))];
    }

    // Through single precision, so that equal scores of the server are equal here.
    private double ScoreOf(JsonElement point) =>
        point.Field("score") is { ValueKind: JsonValueKind.Number } score ? score.GetSingle() : throw _index.Faults.Malformed("a point has no score");
}
