using System.Collections.ObjectModel;
using System.Text.Json.Nodes;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>Which passages of a collection count. What is given must all hold.</summary>
public sealed record QdrantFilter
{
    /// <summary>
    /// Files and folders, without a closing slash needed: a passage counts when its source is one of them or lies below one. Whole names are compared:
    /// <c>docs/a</c> holds <c>docs/a/b.md</c>, not <c>docs/ab.md</c>. Empty for all.
    /// </summary>
    public IReadOnlyList<string> SourcePrefixes { get; init; } = [];

    /// <summary>Document ids; empty for all.</summary>
    public IReadOnlyList<string> DocumentIds { get; init; } = [];

    /// <summary>Fields of the documents' metadata with the values that count: of each field named here, a document must have one. Empty for all.</summary>
    public IReadOnlyDictionary<string, IReadOnlyCollection<string>> Metadata { get; init; } = ReadOnlyDictionary<string, IReadOnlyCollection<string>>.Empty;

    /// <summary>The conditions of this filter and, where there is one, of a query's, in Qdrant's form; null when all passages count.</summary>
    internal static JsonObject? ToJson(QdrantFilter? own, PassageFilter? query)
    {
        JsonArray must = [.. own?.Conditions() ?? [], .. query is null ? [] : Conditions(query)];
        return must.Count == 0 ? null : new JsonObject { ["must"] = must };
    }

    /// <summary>The filter in Qdrant's form; null when all passages count.</summary>
    internal JsonObject? ToJson() => ToJson(this, query: null);

    /// <summary>An empty list of a query's filter lets nothing pass; here it would let all, so it becomes a condition that no passage meets.</summary>
    private static IEnumerable<JsonObject> Conditions(PassageFilter filter)
    {
        if (filter.SourcePrefixes is { } prefixes)
        {
            // An empty path is in front of every source.
            if (!prefixes.Contains(""))
            {
                yield return AnyOf(QdrantPoint.SourcePath, prefixes.Select(SourcePaths.Normal));
            }
        }

        if (filter.DocumentIds is { } ids)
        {
            yield return AnyOf(QdrantPoint.DocumentId, ids);
        }

        foreach (var (name, values) in filter.Metadata ?? ReadOnlyDictionary<string, IReadOnlyCollection<string>>.Empty)
        {
            yield return AnyOf(QdrantPoint.MetadataPairs, values.Select(value => QdrantPoint.PairOf(name, value)));
        }
    }

    private IEnumerable<JsonObject> Conditions()
    {
        if (SourcePrefixes.Count > 0)
        {
            yield return AnyOf(QdrantPoint.SourcePath, SourcePrefixes.Select(SourcePaths.Normal));
        }

        if (DocumentIds.Count > 0)
        {
            yield return AnyOf(QdrantPoint.DocumentId, DocumentIds);
        }

        foreach (var (name, values) in Metadata)
        {
            yield return AnyOf(QdrantPoint.MetadataPairs, values.Select(value => QdrantPoint.PairOf(name, value)));
        }
    }

    internal static JsonObject AnyOf(string key, IEnumerable<string> values) => new()
    {
        ["key"] = key,
        ["match"] = new JsonObject { ["any"] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]) },
    };
}
