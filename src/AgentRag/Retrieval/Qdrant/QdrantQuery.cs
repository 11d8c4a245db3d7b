using System.Text.Json.Nodes;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>One query in Qdrant's form: one leg, or two legs and their fusion.</summary>
internal sealed class QdrantQuery(
    IReadOnlyList<SparseBm25.QueryTerm> terms, ReadOnlyMemory<float>? vector, QdrantRetrieverOptions options, int k, PassageFilter? filter)
{
    // Qdrant counts positions from 0: its k = 2 is 1 / (1 + rank), the literature's 60 is its 61.
    private const int ServerRrfK = 1;

    public IReadOnlyList<SparseBm25.QueryTerm> Terms => terms;

    public int K => k;

    /// <summary>Whether there is nothing to ask for: stop words alone, and no embedder.</summary>
    public bool IsEmpty => terms.Count == 0 && vector is null;

    public bool IsHybrid => terms.Count > 0 && vector is not null;

    public bool HasDense => vector is not null;

    /// <summary>k of the fusion, for ranks from 1.</summary>
    public int RrfK => options.RrfK ?? ServerRrfK;

    /// <summary>The request for the ranking, with payload.</summary>
    public JsonObject Ranking(IReadOnlyList<string> fields)
    {
        var body = IsHybrid ? Fusion() : SparseOrDenseLeg(k);
        body["with_payload"] = new JsonArray([.. fields.Select(field => JsonValue.Create(field))]);
        return body;
    }

    /// <summary>The request for the ranking of one leg of the fusion, ids and scores alone.</summary>
    public JsonObject Leg(bool dense) => dense ? DenseLeg(Depth) : SparseLeg(terms, Filter, Depth);

    /// <summary>The request for what one term gives to some of the passages.</summary>
    public static JsonObject Term(SparseBm25.QueryTerm term, IReadOnlyList<string> pointIds) => SparseLeg(
        [term],
        new JsonObject { ["must"] = new JsonArray(new JsonObject { ["has_id"] = new JsonArray([.. pointIds.Select(id => JsonValue.Create(id))]) }) },
        pointIds.Count);

    // Made anew for each place: a node stands in one tree only.
    private JsonObject? Filter => QdrantFilter.ToJson(options.Filter, filter);

    private int Depth => Math.Max(options.LegDepth, k);

    private JsonObject Fusion() => new()
    {
        ["prefetch"] = new JsonArray(Leg(dense: false), Leg(dense: true)),
        ["query"] = options.RrfK is { } rrfK ? new JsonObject { ["rrf"] = new JsonObject { ["k"] = rrfK + 1 } } : new JsonObject { ["fusion"] = "rrf" },
        ["limit"] = k,
    };

    private JsonObject SparseOrDenseLeg(int limit) => HasDense ? DenseLeg(limit) : SparseLeg(terms, Filter, limit);

    private JsonObject DenseLeg(int limit)
    {
        JsonArray numbers = [];
        foreach (var number in vector!.Value.Span)
        {
            numbers.Add(number);
        }

        JsonObject leg = new() { ["query"] = numbers, ["using"] = QdrantCollection.Dense, ["limit"] = limit };
        QdrantIndex.Add(leg, "filter", Filter);
        return leg;
    }

    private static JsonObject SparseLeg(IReadOnlyList<SparseBm25.QueryTerm> terms, JsonObject? filter, int limit)
    {
        JsonObject leg = new()
        {
            ["query"] = new JsonObject
            {
                ["indices"] = new JsonArray([.. terms.Select(term => JsonValue.Create(term.Id))]),
                ["values"] = new JsonArray([.. terms.Select(term => JsonValue.Create((float)term.Count))]),
            },
            ["using"] = QdrantCollection.Sparse,
            ["limit"] = limit,
        };
        QdrantIndex.Add(leg, "filter", filter);
        return leg;
    }
}
