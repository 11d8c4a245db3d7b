using System.Security.Cryptography;
using System.Text.Json;

namespace AgentRag.Indexing.Vectors;

/// <summary>The file <c>vectors/vectors.json</c>: which model made the vectors, and which files hold them.</summary>
internal sealed record VectorManifest
{
    public const string FormatName = "agentrag-vectors";

    /// <summary>Raised with every change that an older program would misread.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public required string Format { get; init; }

    public required int FormatVersion { get; init; }

    /// <summary>The program's version, for people.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>The embedding model, as its generator names it.</summary>
    public required string Model { get; init; }

    public required int Dimensions { get; init; }

    /// <summary>Whether vectors were scaled to length one; always true so far.</summary>
    public required bool Normalised { get; init; }

    public required bool HasFloats { get; init; }

    /// <summary>What the model wants in front of a passage.</summary>
    public required string PassagePrefix { get; init; }

    /// <summary>What the model wants in front of a query.</summary>
    public required string QueryPrefix { get; init; }

    /// <summary>The segments; rows are numbered through them in this order.</summary>
    public required IReadOnlyList<VectorFile> Segments { get; init; }

    /// <summary>Where the passages of the index's segments have their rows.</summary>
    public required IReadOnlyList<PlacementFile> Placements { get; init; }

    /// <summary>SHA-256 of this manifest with this field empty, hexadecimal.</summary>
    public string Checksum { get; init; } = "";

    public VectorLayout Layout => new(Dimensions, HasFloats);

    public byte[] ToUtf8() => JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = ComputeChecksum() }, Json);

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="AgentRagException">It is damaged, or of another format version.</exception>
    public static VectorManifest Parse(string index, byte[] utf8)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8);
            var version = json.RootElement.TryGetProperty("formatVersion", out var number) && number.TryGetInt32(out var value) ? value : 0;
            if (version != CurrentVersion)
            {
                throw new AgentRagException(
                    $"The vectors of index '{index}' have format version {version}, this program reads version {CurrentVersion}: {(version > CurrentVersion ? "update agentrag, or make" : "make")} them anew with '{EmbedAnew("NAME")}'.");
            }

            var manifest = json.RootElement.Deserialize<VectorManifest>(Json) ?? throw Damaged(index, "vectors.json is empty");
            return !manifest.IsComplete ? throw Damaged(index, "vectors.json lacks a field")
                : manifest.Checksum == manifest.ComputeChecksum() ? manifest
                : throw Damaged(index, "vectors.json does not fit its checksum");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw Damaged(index, "vectors.json is not valid JSON or lacks a field");
        }
    }

    public static AgentRagException Damaged(string index, string what) =>
        new($"The vectors of index '{index}' are damaged ({what}): make them anew with '{EmbedAnew("NAME")}'.");

    /// <summary>The command that drops vectors and makes them anew.</summary>
    public static string EmbedAnew(string model) => $"agentrag index --embeddings {model} --force-embeddings";

    /// <summary>Vectors of two models, or of two lengths, cannot be compared.</summary>
    /// <param name="index">The index, for messages.</param>
    /// <param name="model">The model of this run.</param>
    /// <param name="dimensions">The length of its vectors; null while it is not known.</param>
    /// <exception cref="AgentRagException">The vectors were made in another way.</exception>
    public void RequireModel(string index, string model, int? dimensions)
    {
        if (Model != model || (dimensions ?? Dimensions) != Dimensions)
        {
            var now = dimensions is { } length ? $"{model} ({length} dimensions)" : model;
            throw new AgentRagException(
                $"The vectors of index '{index}' were made with embedding model {Model} ({Dimensions} dimensions), this run uses {now}: " +
                $"use that model again, or make them anew with '{EmbedAnew("NAME")}'.");
        }
    }

    // "required" makes a missing field an error, but not a field that is null.
    private bool IsComplete => Format == FormatName && CreatedBy is not null && Model is not null && PassagePrefix is not null && QueryPrefix is not null
        && Dimensions is >= 1 and <= VectorLayout.MaxDimensions && Segments is not null && Segments.All(segment => segment?.Name is not null)
        && Placements is not null && Placements.All(placement => placement?.Name is not null);

    private string ComputeChecksum() =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = "" }, Json)));
}

/// <summary>A vector segment as the manifest names it.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Checksum">The checksum of its header, which holds those of its columns.</param>
internal sealed record VectorFile(string Name, int Rows, uint Checksum);

/// <summary>A file that says in which row each passage of a segment of the index has its vector.</summary>
/// <param name="Segment">The checksum of the index's segment: a segment written anew has another.</param>
/// <param name="Name">The file's name.</param>
/// <param name="Checksum">Its checksum.</param>
internal sealed record PlacementFile(uint Segment, string Name, uint Checksum);
