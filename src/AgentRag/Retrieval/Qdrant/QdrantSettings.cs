using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Indexing;
using AgentRag.Models;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>What the vectors of a collection were made with; kept in the collection's metadata, so that a reader cannot use other values unawares.</summary>
internal sealed record QdrantSettings
{
    /// <summary>The field of the collection's metadata.</summary>
    public const string MetadataField = "agentrag";

    /// <summary>Raised with every change that an older program would misread.</summary>
    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public int Format { get; init; } = CurrentFormat;

    public required AnalyzerOptions Analyzer { get; init; }

    public required Bm25Options Bm25 { get; init; }

    public required double MeanPassageTerms { get; init; }

    /// <summary>The embedding model's name; null without dense vectors.</summary>
    public string? EmbeddingModel { get; init; }

    public JsonNode ToMetadata() => JsonSerializer.SerializeToNode(this, Json)!;

    /// <summary>Reads the settings of a collection; null when it has none or unreadable ones.</summary>
    /// <param name="config">The <c>config</c> of the server's description of the collection.</param>
    public static QdrantSettings? From(JsonElement config)
    {
        if (config.Field("metadata")?.Field(MetadataField) is not { ValueKind: JsonValueKind.Object } metadata)
        {
            return null;
        }

        try
        {
            var settings = metadata.Deserialize<QdrantSettings>(Json);
            return settings is { Format: CurrentFormat, Analyzer: not null, Bm25: not null, MeanPassageTerms: > 0 } ? settings : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
