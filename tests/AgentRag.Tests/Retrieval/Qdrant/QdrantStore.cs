using System.Text.Json;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>A collection in memory: its points, filters and exact scores, as Qdrant documents them.</summary>
internal sealed class QdrantStore
{
    private readonly Dictionary<string, (int Size, string Distance)> _dense = [];
    private readonly Dictionary<string, string> _sparse = [];
    private readonly SortedDictionary<string, Point> _points = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _indexes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object?> _parameters = [];
    private readonly JsonElement? _metadata;

    public QdrantStore(JsonElement body)
    {
        body.Object(
            "CreateCollection", "vectors", "sparse_vectors", "shard_number", "sharding_method", "replication_factor", "write_consistency_factor",
            "on_disk_payload", "hnsw_config", "wal_config", "optimizers_config", "quantization_config", "strict_mode_config", "metadata");
        foreach (var vector in Named(body.Optional("vectors"), "VectorsConfig"))
        {
            vector.Value.Object("VectorParams", "size", "distance", "hnsw_config", "quantization_config", "on_disk", "datatype", "multivector_config");
            var distance = vector.Value.Required("distance").String("distance");
            _dense[vector.Name] = distance is "Cosine" or "Euclid" or "Dot" or "Manhattan"
                ? ((int)vector.Value.Required("size").Integer("size", min: 1), distance)
                : throw QdrantRejection.Format($"unknown variant `{distance}`, expected one of `Cosine`, `Euclid`, `Dot`, `Manhattan`");
        }

        foreach (var vector in Named(body.Optional("sparse_vectors"), "SparseVectorsConfig"))
        {
            var modifier = vector.Value.Object("SparseVectorParams", "index", "modifier").Optional("modifier")?.String("modifier") ?? "none";
            _sparse[vector.Name] = modifier is "none" or "idf" ? modifier : throw QdrantRejection.Format($"unknown variant `{modifier}`, expected `none` or `idf`");
        }

        foreach (var name in (string[])["shard_number", "replication_factor", "write_consistency_factor"])
        {
            _parameters[name] = body.Optional(name)?.Integer(name, min: 1) ?? 1;
        }

        _metadata = body.Optional("metadata") is { } metadata
            ? metadata.ValueKind == JsonValueKind.Object ? metadata.Clone() : throw QdrantRejection.Format("invalid type, expected a map for metadata")
            : null;
    }

    public object Describe() => new
    {
        status = "green",
        points_count = _points.Count,
        config = new
        {
            @params = new Dictionary<string, object?>(_parameters)
            {
                ["vectors"] = _dense.ToDictionary(pair => pair.Key, pair => new { size = pair.Value.Size, distance = pair.Value.Distance }),
                ["sparse_vectors"] = _sparse.ToDictionary(pair => pair.Key, pair => new { modifier = pair.Value }),
            },
            metadata = _metadata,
        },
        payload_schema = _indexes.ToDictionary(pair => pair.Key, pair => new { data_type = pair.Value, points = _points.Count }),
    };

    public object CreateIndex(JsonElement body)
    {
        body.Object("CreateFieldIndex", "field_name", "field_schema");
        var schema = body.Required("field_schema").String("field_schema");
        _indexes[body.Required("field_name").String("field_name")] = schema is "keyword" or "integer" or "float" or "geo" or "text" or "bool" or "datetime" or "uuid"
            ? schema
            : throw QdrantRejection.Format($"unknown variant `{schema}` for field_schema");
        return Done();
    }

    public object Upsert(JsonElement body)
    {
        body.Object("PointsList", "points", "shard_key");

        // All are checked before one is stored, as a refused request must change nothing.
        foreach (var point in body.Required("points").Array("points").Select(ReadPoint).ToList())
        {
            _points[point.Id] = point;
        }

        return Done();
    }

    public object Retrieve(JsonElement body)
    {
        body.Object("PointRequest", "ids", "with_payload", "with_vector", "shard_key");
        return body.Required("ids").Array("ids").Select(id => _points.GetValueOrDefault(id.PointId())).OfType<Point>().Select(point => Record(point, body, payloadByDefault: true)).ToList();
    }

    public object Scroll(JsonElement body)
    {
        body.Object("ScrollRequest", "offset", "limit", "filter", "with_payload", "with_vector", "shard_key", "order_by");
        var limit = (int)(body.Optional("limit")?.Integer("limit", min: 1) ?? 10);
        var first = body.Optional("offset")?.PointId() ?? "";
        var matches = Matches(body).Where(point => string.CompareOrdinal(point.Id, first) >= 0).Take(limit + 1).ToList();
        return new
        {
            points = matches.Take(limit).Select(point => Record(point, body, payloadByDefault: true)).ToList(),
            next_page_offset = matches.Count > limit ? matches[limit].Id : null,
        };
    }

    public object Count(JsonElement body)
    {
        body.Object("CountRequest", "filter", "exact", "shard_key").Optional("exact")?.Bool("exact");
        return new { count = Matches(body).Count() };
    }

    public object Delete(JsonElement body)
    {
        body.Object("PointsSelector", "points", "filter", "shard_key");
        var gone = body.Optional("points") is { } points
            ? points.Array("points").Select(QdrantJson.PointId).ToList()
            : body.Optional("filter") is not null
                ? Matches(body).Select(point => point.Id).ToList()
                : throw QdrantRejection.Format("data did not match any variant of untagged enum PointsSelector");
        gone.ForEach(id => _points.Remove(id));
        return Done();
    }

    public object Query(JsonElement body)
    {
        body.Object(
            "QueryRequest", "shard_key", "prefetch", "query", "using", "filter", "params", "score_threshold", "limit", "offset", "with_vector",
            "with_payload", "lookup_from");
        return new { points = Rank(body).Select(hit => Record(hit.Point, body, payloadByDefault: false, hit.Score)).ToList() };
    }

    public object QueryBatch(JsonElement body) =>
        body.Object("QueryRequestBatch", "searches").Required("searches").Array("searches").Select(Query).ToList();

    private static object Done() => new { operation_id = 1, status = "completed" };

    private static List<JsonProperty> Named(JsonElement? config, string what) => config switch
    {
        null => [],
        { ValueKind: JsonValueKind.Object } named => [.. named.EnumerateObject()],
        _ => throw QdrantRejection.Format($"data did not match any variant of untagged enum {what}"),
    };

    private Point ReadPoint(JsonElement json)
    {
        json.Object("PointStruct", "id", "vector", "payload");
        var id = json.Required("id").PointId();
        var vector = json.Required("vector");
        if (vector.ValueKind != JsonValueKind.Object)
        {
            throw QdrantRejection.Input("Not existing vector name error: ");
        }

        Dictionary<string, float[]> dense = [];
        Dictionary<string, SortedDictionary<uint, float>> sparse = [];
        foreach (var named in vector.EnumerateObject())
        {
            if (_dense.TryGetValue(named.Name, out var form))
            {
                dense[named.Name] = Dense(named.Value, form.Size);
            }
            else if (_sparse.ContainsKey(named.Name))
            {
                sparse[named.Name] = named.Value.SparseVector();
            }
            else
            {
                throw QdrantRejection.Input($"Not existing vector name error: {named.Name}");
            }
        }

        if (json.Optional("payload") is { ValueKind: not JsonValueKind.Object })
        {
            throw QdrantRejection.Format("invalid type for payload, expected a map");
        }

        return new Point(id, dense, sparse, json.Optional("payload")?.Clone() ?? JsonDocument.Parse("{}").RootElement);
    }

    private static float[] Dense(JsonElement json, int size)
    {
        var vector = json.Array("vector").Select(number => number.Float("vector")).ToArray();
        return vector.Length == size ? vector : throw QdrantRejection.Input($"Vector dimension error: expected dim: {size}, got {vector.Length}");
    }

    private List<Hit> Rank(JsonElement body)
    {
        var limit = (int)(body.Optional("limit")?.Integer("limit", min: 1) ?? 10);
        var query = body.Required("query");
        var legs = body.Optional("prefetch") is { } prefetch
            ? (prefetch.ValueKind == JsonValueKind.Array ? prefetch.EnumerateArray() : (IEnumerable<JsonElement>)[prefetch])
                .Select(leg => Rank(leg.Object("Prefetch", "prefetch", "query", "using", "filter", "params", "score_threshold", "limit", "lookup_from"))).ToList()
            : null;
        if (FusionK(query) is { } k)
        {
            return legs is null ? throw QdrantRejection.Input("Fusion query requires at least one prefetch") : Fuse(legs, k, limit);
        }

        var name = body.Optional("using")?.String("using") ?? "";
        var candidates = Matches(body);
        if (_dense.TryGetValue(name, out var form) && query.ValueKind == JsonValueKind.Array)
        {
            var vector = Dense(query, form.Size);
            return Best(candidates.Where(point => point.Dense.ContainsKey(name)).Select(point => new Hit(point, Cosine(vector, point.Dense[name]))), limit);
        }

        if (_sparse.TryGetValue(name, out var modifier) && query.ValueKind == JsonValueKind.Object)
        {
            return Best(SparseHits(candidates, name, query.SparseVector(), modifier == "idf"), limit);
        }

        throw _dense.ContainsKey(name) || _sparse.ContainsKey(name)
            ? QdrantRejection.Format("data did not match any variant of untagged enum QueryInterface")
            : QdrantRejection.Input($"Not existing vector name error: {name}");
    }

    private static int? FusionK(JsonElement query)
    {
        if (query.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (query.Optional("fusion") is { } fusion)
        {
            query.Object("FusionQuery", "fusion");
            return fusion.String("fusion") == "rrf" ? 2 : throw QdrantRejection.Format($"unknown variant `{fusion}`");
        }

        return query.Optional("rrf") is { } rrf
            ? (int)(query.Object("RrfQuery", "rrf").Required("rrf").Object("Rrf", "k", "weights").Optional("k")?.Integer("k", min: 1) ?? 2)
            : null;
    }

    private static List<Hit> Fuse(List<List<Hit>> legs, int k, int limit) => Best(
        legs.SelectMany(leg => leg.Select((hit, position) => new Hit(hit.Point, 1f / (position + k))))
            .GroupBy(hit => hit.Point)
            .Select(group => new Hit(group.Key, group.Sum(hit => hit.Score))),
        limit);

    private IEnumerable<Hit> SparseHits(IEnumerable<Point> candidates, string name, SortedDictionary<uint, float> query, bool idf)
    {
        var all = _points.Values.Where(point => point.Sparse.ContainsKey(name)).Select(point => point.Sparse[name]).ToList();
        var weights = query.ToDictionary(pair => pair.Key, pair => pair.Value * (idf ? Idf(all.Count, all.Count(vector => vector.ContainsKey(pair.Key))) : 1));
        foreach (var point in candidates)
        {
            if (point.Sparse.TryGetValue(name, out var vector) && weights.Keys.Any(vector.ContainsKey))
            {
                yield return new Hit(point, weights.Sum(pair => pair.Value * vector.GetValueOrDefault(pair.Key)));
            }
        }
    }

    private static float Idf(float points, float withTerm) => MathF.Log(((points - withTerm + 0.5f) / (withTerm + 0.5f)) + 1);

    private static float Cosine(float[] x, float[] y)
    {
        var norm = MathF.Sqrt(x.Sum(a => a * a)) * MathF.Sqrt(y.Sum(b => b * b));
        return norm == 0 ? 0 : x.Zip(y, (a, b) => a * b).Sum() / norm;
    }

    private static List<Hit> Best(IEnumerable<Hit> hits, int limit) =>
        [.. hits.OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Point.Id, StringComparer.Ordinal).Take(limit)];

    private IEnumerable<Point> Matches(JsonElement body)
    {
        if (body.Optional("filter") is not { } filter)
        {
            return _points.Values;
        }

        filter.Object("Filter", "must", "must_not", "should");
        var must = Conditions(filter, "must");
        var not = Conditions(filter, "must_not");
        var should = Conditions(filter, "should");
        return _points.Values.Where(point =>
            must.All(condition => condition(point)) && !not.Any(condition => condition(point)) && (should.Count == 0 || should.Any(condition => condition(point))));
    }

    private static List<Func<Point, bool>> Conditions(JsonElement filter, string name) => filter.Optional(name) is not { } conditions
        ? []
        : [.. (conditions.ValueKind == JsonValueKind.Array ? conditions.EnumerateArray() : (IEnumerable<JsonElement>)[conditions]).Select(Condition)];

    private static Func<Point, bool> Condition(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Object && json.Optional("has_id") is { } ids)
        {
            json.Object("HasIdCondition", "has_id");
            var set = ids.Array("has_id").Select(QdrantJson.PointId).ToHashSet();
            return point => set.Contains(point.Id);
        }

        json.Object("FieldCondition", "key", "match");
        var key = json.Required("key").String("key");
        var match = json.Required("match").Object("Match", "value", "any");
        var wanted = match.Optional("any") is { } any
            ? any.Array("any").Select(value => value.String("any")).ToHashSet()
            : [match.Required("value").String("value")];
        return point => point.Payload.Optional(key) switch
        {
            { ValueKind: JsonValueKind.String } value => wanted.Contains(value.GetString()!),
            { ValueKind: JsonValueKind.Array } values => values.EnumerateArray().Any(value => wanted.Contains(value.GetString()!)),
            _ => false,
        };
    }

    private static Dictionary<string, object?> Record(Point point, JsonElement body, bool payloadByDefault, float? score = null)
    {
        if (body.Optional("with_vector") is { ValueKind: not (JsonValueKind.True or JsonValueKind.False) })
        {
            throw QdrantRejection.Format("data did not match any variant of untagged enum WithVector");
        }

        Dictionary<string, object?> record = new() { ["id"] = point.Id };
        if (score is not null)
        {
            record["version"] = 1;
            record["score"] = score;
        }

        switch (body.Optional("with_payload"))
        {
            case { ValueKind: JsonValueKind.Array } names:
                var wanted = names.EnumerateArray().Select(name => name.String("with_payload")).ToHashSet();
                record["payload"] = point.Payload.EnumerateObject().Where(field => wanted.Contains(field.Name)).ToDictionary(field => field.Name, field => field.Value);
                break;
            case { } flag when flag.Bool("with_payload"):
            case null when payloadByDefault:
                record["payload"] = point.Payload;
                break;
        }

        return record;
    }

    private sealed record Point(string Id, Dictionary<string, float[]> Dense, Dictionary<string, SortedDictionary<uint, float>> Sparse, JsonElement Payload);

    private sealed record Hit(Point Point, float Score);
}
