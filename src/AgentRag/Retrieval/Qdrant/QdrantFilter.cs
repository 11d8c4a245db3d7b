using System.Text.Json.Nodes;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>Which passages of a collection count. Both lists must be met where both are given.</summary>
public sealed record QdrantFilter
{
    /// <summary>
    /// Files and folders, without a closing slash needed: a passage counts when its source is one of them or lies below one. Whole names are compared:
    /// <c>docs/a</c> holds <c>docs/a/b.md</c>, not <c>docs/ab.md</c>. Empty for all.
    /// </summary>
    public IReadOnlyList<string> SourcePrefixes { get; init; } = [];

    /// <summary>Document ids; empty for all.</summary>
    public IReadOnlyList<string> DocumentIds { get; init; } = [];

    /// <summary>The filter in Qdrant's form; null when all passages count.</summary>
    internal JsonObject? ToJson()
    {
        JsonArray must = [];
        if (SourcePrefixes.Count > 0)
        {
            must.Add(AnyOf(QdrantPoint.SourcePath, SourcePrefixes.Select(SourcePaths.Normal)));
        }

        if (DocumentIds.Count > 0)
        {
            must.Add(AnyOf(QdrantPoint.DocumentId, DocumentIds));
        }

        return must.Count == 0 ? null : new JsonObject { ["must"] = must };
    }

    internal static JsonObject AnyOf(string key, IEnumerable<string> values) => new()
    {
        ["key"] = key,
        ["match"] = new JsonObject { ["any"] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]) },
    };
}
