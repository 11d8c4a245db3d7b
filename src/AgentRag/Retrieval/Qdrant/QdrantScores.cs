using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Models;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>The parts of some passages' scores, asked of the server in one batch: each leg's ranking, and what each term gives.</summary>
internal sealed class QdrantScores
{
    private readonly QdrantIndex _index;
    private readonly QdrantQuery _query;
    private readonly List<Dictionary<string, (int Rank, double Score)>> _replies;

    private QdrantScores(QdrantIndex index, QdrantQuery query, List<Dictionary<string, (int Rank, double Score)>> replies) =>
        (_index, _query, _replies) = (index, query, replies);

    public static async Task<QdrantScores> AskAsync(QdrantIndex index, QdrantQuery query, IReadOnlyList<string> pointIds, CancellationToken cancellationToken)
    {
        JsonArray searches = [.. query.Terms.Select(term => (JsonNode)QdrantQuery.Term(term, pointIds))];
        if (query.IsHybrid)
        {
            searches.Add(query.Leg(dense: false));
            searches.Add(query.Leg(dense: true));
        }

        if (searches.Count == 0)
        {
            return new QdrantScores(index, query, []);
        }

        using var json = await index.SendAsync(
            HttpMethod.Post, "points/query/batch", new JsonObject { ["searches"] = searches }, index.Read, cancellationToken).ConfigureAwait(false);
        List<Dictionary<string, (int Rank, double Score)>> replies =
        [
            .. json.RootElement.Items("result").Select(reply => reply.Items("points")
                .Select((point, i) => (Id: IdOf(point), Rank: i + 1, Score: point.Field("score")?.GetDouble() ?? 0))
                .ToDictionary(point => point.Id, point => (point.Rank, point.Score), StringComparer.Ordinal)),
        ];
        return replies.Count == searches.Count
            ? new QdrantScores(index, query, replies)
            : throw index.Faults.Malformed($"it has {replies.Count} results for {searches.Count} searches");
    }

    public static string IdOf(JsonElement point) => point.Field("id")?.ToString() ?? "";

    /// <summary>Tells how a score came about.</summary>
    public ScoreExplanation Explain(string pointId, double score) => _query switch
    {
        { IsHybrid: true } => new(score, $"reciprocal rank fusion by Qdrant, k {_query.RrfK}", [.. Legs(pointId)]),
        { HasDense: true } => Dense(score),
        _ => Sparse(pointId, score),
    };

    private IEnumerable<ScoreExplanation> Legs(string pointId)
    {
        if (_replies[^2].TryGetValue(pointId, out var sparse))
        {
            yield return new(1.0 / (_query.RrfK + sparse.Rank), $"BM25 rank {sparse.Rank}", [Sparse(pointId, sparse.Score)]);
        }

        if (_replies[^1].TryGetValue(pointId, out var dense))
        {
            yield return new(1.0 / (_query.RrfK + dense.Rank), $"dense rank {dense.Rank}", [Dense(dense.Score)]);
        }
    }

    private ScoreExplanation Dense(double score) => new(score, $"cosine of the vectors of '{_index.EmbeddingModel}'", []);

    private ScoreExplanation Sparse(string pointId, double score)
    {
        List<ScoreExplanation> parts = [];
        for (var i = 0; i < _query.Terms.Count; i++)
        {
            if (_replies[i].TryGetValue(pointId, out var part))
            {
                var repeated = _query.Terms[i].Count > 1 ? $", {_query.Terms[i].Count} times in the query" : "";
                parts.Add(new(part.Score, $"'{_query.Terms[i].Text}'{repeated}", []));
            }
        }

        var bm25 = _index.Settings.Bm25;
        return new(score, string.Create(CultureInfo.InvariantCulture, $"BM25 with k1 {bm25.K1}, b {bm25.B}, idf by Qdrant"), parts);
    }
}
