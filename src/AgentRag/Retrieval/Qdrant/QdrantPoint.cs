using System.Security.Cryptography;
using System.Text.Json;
using AgentRag.Documents;
using AgentRag.Models;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>A passage as a point: its payload, written and read.</summary>
internal static class QdrantPoint
{
    public const string PassageId = "id";
    public const string DocumentId = "documentId";
    public const string Title = "title";
    public const string HeadingPath = "headingPath";
    public const string Source = "source";
    public const string Start = "start";
    public const string End = "end";
    public const string Text = "text";
    public const string ContentHash = "contentHash";
    public const string TokenCount = "tokenCount";

    /// <summary>The document's metadata: each field with a list of values.</summary>
    public const string Metadata = "metadata";

    /// <summary>The metadata as <c>field=value</c>, for filters: one index serves all fields.</summary>
    public const string MetadataPairs = "metadataPairs";

    /// <summary>The source and all paths above it, for filters.</summary>
    public const string SourcePath = "sourcePath";

    /// <summary>Hash of all that is stored of the passage: what an upload compares to see whether a point is up to date.</summary>
    public const string Fingerprint = "fingerprint";

    /// <summary>The fields that make up a passage.</summary>
    public static readonly string[] PassageFields = [PassageId, DocumentId, Title, HeadingPath, Source, Start, End, Text, ContentHash, TokenCount, Metadata];

    /// <summary>Hashes all fields of a passage; the content hash alone would miss a new title.</summary>
    public static string FingerprintOf(Passage passage)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteFields(writer, passage);
            writer.WriteEndObject();
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    /// <summary>Writes a point with its vectors.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="passage">The passage.</param>
    /// <param name="fingerprint">Its hash.</param>
    /// <param name="sparse">Its BM25 weights; left out when empty, because the server refuses empty sparse vectors.</param>
    /// <param name="dense">Its embedding, or null.</param>
    public static void Write(Utf8JsonWriter writer, Passage passage, string fingerprint, SortedDictionary<uint, float> sparse, ReadOnlyMemory<float>? dense)
    {
        writer.WriteStartObject();
        writer.WriteString("id", QdrantPointId.Of(passage.Id));
        writer.WriteStartObject("vector");
        if (sparse.Count > 0)
        {
            writer.WriteStartObject(QdrantCollection.Sparse);
            WriteNumbers(writer, "indices", sparse.Keys, static (w, id) => w.WriteNumberValue(id));
            WriteNumbers(writer, "values", sparse.Values, static (w, weight) => w.WriteNumberValue(weight));
            writer.WriteEndObject();
        }

        if (dense is { } vector)
        {
            writer.WriteStartArray(QdrantCollection.Dense);
            foreach (var number in vector.Span)
            {
                writer.WriteNumberValue(number);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("payload");
        WriteFields(writer, passage);
        writer.WriteStartArray(SourcePath);
        foreach (var path in SourcePaths.Of(passage.Source))
        {
            writer.WriteStringValue(path);
        }

        writer.WriteEndArray();
        if (passage.Metadata.Count > 0)
        {
            writer.WriteStartArray(MetadataPairs);
            foreach (var pair in passage.Metadata.SelectMany(field => field.Value.Select(value => PairOf(field.Key, value))))
            {
                writer.WriteStringValue(pair);
            }

            writer.WriteEndArray();
        }

        writer.WriteString(Fingerprint, fingerprint);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>A field with a value, as filters compare it.</summary>
    public static string PairOf(string name, string value) => $"{MetadataBuilder.NameOf(name)}={value}";

    /// <summary>Reads a passage from a payload; null when a field is missing or of another kind.</summary>
    public static Passage? Read(JsonElement payload) =>
        payload.Text(PassageId) is { } id && payload.Text(DocumentId) is { } documentId && payload.Text(Title) is { } title
        && payload.Text(Source) is { } source && payload.Text(Text) is { } text && payload.Text(ContentHash) is { } contentHash
        && payload.Integer(Start) is >= 0 and <= int.MaxValue and { } start && payload.Integer(End) is >= 0 and <= int.MaxValue and { } end && payload.Integer(TokenCount) is >= 0 and <= int.MaxValue and { } tokenCount
        && payload.Items(HeadingPath).All(heading => heading.ValueKind == JsonValueKind.String)
            ? new Passage
            {
                Id = id,
                DocumentId = documentId,
                Title = title,
                HeadingPath = [.. payload.Items(HeadingPath).Select(heading => heading.GetString()!)],
                Source = source,
                Start = (int)start,
                End = (int)end,
                Text = text,
                ContentHash = contentHash,
                TokenCount = (int)tokenCount,
                Metadata = ReadMetadata(payload),
            }
            : null;

    private static void WriteFields(Utf8JsonWriter writer, Passage passage)
    {
        writer.WriteString(PassageId, passage.Id);
        writer.WriteString(DocumentId, passage.DocumentId);
        writer.WriteString(Title, passage.Title);
        writer.WriteStartArray(HeadingPath);
        foreach (var heading in passage.HeadingPath)
        {
            writer.WriteStringValue(heading);
        }

        writer.WriteEndArray();
        writer.WriteString(Source, passage.Source);
        writer.WriteNumber(Start, passage.Start);
        writer.WriteNumber(End, passage.End);
        writer.WriteString(Text, passage.Text);
        writer.WriteString(ContentHash, passage.ContentHash);
        writer.WriteNumber(TokenCount, passage.TokenCount);
        if (passage.Metadata.Count > 0)
        {
            writer.WriteStartObject(Metadata);
            foreach (var (name, values) in passage.Metadata)
            {
                writer.WriteStartArray(name);
                foreach (var value in values)
                {
                    writer.WriteStringValue(value);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }
    }

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> ReadMetadata(JsonElement payload)
    {
        if (payload.Field(Metadata) is not { ValueKind: JsonValueKind.Object } fields)
        {
            return MetadataBuilder.None;
        }

        var metadata = new MetadataBuilder();
        foreach (var field in fields.EnumerateObject())
        {
            foreach (var value in fields.Items(field.Name).Where(value => value.ValueKind == JsonValueKind.String))
            {
                metadata.Add(field.Name, value.GetString());
            }
        }

        return metadata.Build();
    }

    private static void WriteNumbers<T>(Utf8JsonWriter writer, string name, IEnumerable<T> numbers, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
        {
            write(writer, number);
        }

        writer.WriteEndArray();
    }
}
