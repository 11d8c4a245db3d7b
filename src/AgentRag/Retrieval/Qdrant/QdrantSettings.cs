using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AgentRag.Indexing;
using AgentRag.Models;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>What the vectors of a collection were made with; kept in the collection's metadata, so that a reader cannot use other values unawares.</summary>
internal sealed record QdrantSettings
{
    /// <summary>The field of the collection's metadata.</summary>
    public const string MetadataField = "agentrag";

    /// <summary>Raised with every change that an older program would misread: of the payload, of the weights, and of the analysis that finds the terms.</summary>
    public const int CurrentFormat = 2;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

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

            // A field that one of the two versions does not know would silently take its default: what is read must be what would be written.
            return settings is { Format: CurrentFormat, Analyzer: not null, Bm25: not null, MeanPassageTerms: > 0 }
                && JsonNode.DeepEquals(settings.ToMetadata(), JsonNode.Parse(metadata.GetRawText())) ? settings : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
