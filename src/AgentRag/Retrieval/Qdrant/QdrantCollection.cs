using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Models;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>The form of a collection: what is sent to make one, and what an existing one must look like.</summary>
internal static class QdrantCollection
{
    /// <summary>Named dense vector.</summary>
    public const string Dense = "dense";

    /// <summary>Named sparse vector.</summary>
    public const string Sparse = "bm25";

    private const string WayOut = "use the settings it was made with, or upload into another collection, or delete it and upload anew";

    /// <summary>The payload fields that filters use, with an index each.</summary>
    public static readonly string[] IndexedFields = [QdrantPoint.DocumentId, QdrantPoint.Source, QdrantPoint.SourcePath, QdrantPoint.MetadataPairs];

    /// <summary>The body that makes a collection.</summary>
    public static JsonObject Body(QdrantSettings settings, int? dimensions, QdrantCollectionOptions options)
    {
        JsonObject body = new()
        {
            ["vectors"] = dimensions is { } size ? new JsonObject { [Dense] = new JsonObject { ["size"] = size, ["distance"] = "Cosine" } } : new JsonObject(),
            ["sparse_vectors"] = new JsonObject { [Sparse] = new JsonObject { ["modifier"] = "idf" } },
            ["metadata"] = new JsonObject { [QdrantSettings.MetadataField] = settings.ToMetadata() },
        };
        foreach (var (name, _, value) in Cluster(options))
        {
            if (value is not null)
            {
                body[name] = value;
            }
        }

        return body;
    }

    /// <summary>Checks what every collection must have and reads its settings.</summary>
    /// <param name="where">The collection, for messages.</param>
    /// <param name="config">The <c>config</c> of the server's description.</param>
    /// <returns>Its settings, and the length of its dense vectors; null without dense vectors.</returns>
    /// <exception cref="AgentRagException">It was not made by AgentRag, or by another version.</exception>
    public static (QdrantSettings Settings, int? Dimensions) Read(string where, JsonElement config)
    {
        var parameters = config.Field("params") ?? default;
        var modifier = parameters.Field("sparse_vectors")?.Field(Sparse) is { } sparse ? sparse.Text("modifier") ?? "none" : null;
        if (modifier != "idf")
        {
            throw new AgentRagException(modifier is null
                ? $"{where} has no sparse vector '{Sparse}', which AgentRag searches: choose another collection name, or delete it and upload anew."
                : $"{where} has sparse vector '{Sparse}' with modifier '{modifier}', 'idf' is needed: choose another collection name, or delete it and upload anew.");
        }

        if (QdrantSettings.From(config) is not { } settings)
        {
            throw new AgentRagException(
                $"{where} does not say what its vectors were made with (metadata '{QdrantSettings.MetadataField}', format {QdrantSettings.CurrentFormat}): "
                + "it was made by another program or version, or the server is older than Qdrant 1.16. Choose another collection name, or delete it and upload anew.");
        }

        var dense = parameters.Field("vectors")?.Field(Dense);
        var dimensions = (int?)dense?.Integer("size");
        if (settings.EmbeddingModel is not null && dimensions is null)
        {
            throw new AgentRagException($"{where} names embedding model '{settings.EmbeddingModel}' and has no dense vector '{Dense}': {WayOut}.");
        }

        if (dense is { } vector && vector.Text("distance") is var distance && distance != "Cosine")
        {
            throw new AgentRagException($"{where} compares dense vectors by {distance}, Cosine is needed: {WayOut}.");
        }

        return (settings, dimensions);
    }

    /// <summary>Checks that the embedding model of this run is the one that the dense vectors came from.</summary>
    /// <exception cref="AgentRagException">It is another one; the message holds both.</exception>
    public static void RequireModel(string where, QdrantSettings settings, int? dimensions, string? model, int? modelDimensions)
    {
        List<string> problems = [];
        if (settings.EmbeddingModel != model)
        {
            problems.Add($"embedding model {Named(settings.EmbeddingModel)}, this run uses {Named(model)}");
        }

        if (dimensions != modelDimensions)
        {
            problems.Add($"dense vectors of {Length(dimensions)}, this run makes {Length(modelDimensions)}");
        }

        Require(where, problems);

        static string Named(string? model) => model is null ? "none" : $"'{model}'";

        static string Length(int? length) => length is null ? "no length" : $"{length} numbers";
    }

    /// <summary>Checks that an existing collection is what would be made now.</summary>
    /// <exception cref="AgentRagException">It is not; the message holds both values of each difference.</exception>
    public static void RequireSame(string where, JsonElement config, QdrantSettings settings, QdrantCollectionOptions options)
    {
        List<string> problems = [];
        if (settings.Analyzer != options.Analyzer)
        {
            problems.Add($"analyzer {settings.Analyzer.Describe()}, this run uses {options.Analyzer.Describe()}");
        }

        if (settings.Bm25 != options.Bm25)
        {
            problems.Add($"BM25 with k1 {settings.Bm25.K1} and b {settings.Bm25.B}, this run uses k1 {options.Bm25.K1} and b {options.Bm25.B}");
        }

        var parameters = config.Field("params") ?? default;
        foreach (var (name, words, wanted) in Cluster(options))
        {
            if (wanted is not null && parameters.Integer(name) is { } actual && actual != wanted)
            {
                problems.Add($"{words} {actual}, this run asks for {wanted}");
            }
        }

        Require(where, problems);
    }

    private static void Require(string where, List<string> problems)
    {
        if (problems.Count > 0)
        {
            throw new AgentRagException($"{where} was made with {string.Join("; with ", problems)}: {WayOut}.");
        }
    }

    private static (string Name, string Words, int? Value)[] Cluster(QdrantCollectionOptions options) =>
    [
        ("shard_number", "shard number", options.ShardNumber),
        ("replication_factor", "replication factor", options.ReplicationFactor),
        ("write_consistency_factor", "write consistency factor", options.WriteConsistencyFactor),
    ];
}
