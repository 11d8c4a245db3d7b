using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>The file <c>index.json</c>: what the index is, and which segment files hold its content.</summary>
internal sealed record IndexManifest
{
    public const string FormatName = "agentrag-bm25";

    /// <summary>Raised with every change that an older program would misread.</summary>
    public const int CurrentVersion = 3;

    public required string Format { get; init; }

    public required int FormatVersion { get; init; }

    /// <summary>The program's version, for people.</summary>
    public required string CreatedBy { get; init; }

    public required string TokenCounter { get; init; }

    public required PassageSplitterOptions Splitter { get; init; }

    public required AnalyzerOptions Analyzer { get; init; }

    /// <summary>The <see cref="Indexing.Analyzer.Version"/> that made the terms.</summary>
    public required int AnalysisVersion { get; init; }

    /// <summary>The segments in the order of their passages.</summary>
    public required IReadOnlyList<SegmentReference> Segments { get; init; }

    public required int Files { get; init; }

    public required int Documents { get; init; }

    public required int Passages { get; init; }

    public required long Tokens { get; init; }

    public required IReadOnlyList<string> Roots { get; init; }

    /// <summary>SHA-256 of this manifest with this field empty, hexadecimal.</summary>
    public string Checksum { get; init; } = "";

    public byte[] ToUtf8() => JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = ComputeChecksum() }, ManifestJson.Default.IndexManifest);

    /// <summary>Reads a manifest.</summary>
    /// <param name="directory">The index, for messages.</param>
    /// <param name="utf8">The file's content.</param>
    /// <exception cref="AgentRagException">It is no manifest, damaged, or of another format version.</exception>
    public static IndexManifest Parse(string directory, byte[] utf8)
    {
        if (IsForeign(utf8))
        {
            throw new AgentRagException(
                $"'{Path.Combine(directory, IndexDirectory.ManifestName)}' is not the manifest of an AgentRag index: choose another folder with --index DIR.");
        }

        try
        {
            using var json = JsonDocument.Parse(utf8);
            var version = json.RootElement.TryGetProperty("formatVersion", out var number) && number.TryGetInt32(out var value) ? value : 0;
            if (version != CurrentVersion)
            {
                var wayOut = version > CurrentVersion ? "update agentrag, or rebuild it" : "rebuild it";
                throw new AgentRagException(
                    $"Index '{directory}' has format version {version}, this program reads version {CurrentVersion}: {wayOut} with 'agentrag index --force'.");
            }

            var analysis = json.RootElement.TryGetProperty("analysisVersion", out number) && number.TryGetInt32(out value) ? value : 0;
            if (analysis != Indexing.Analyzer.Version)
            {
                var wayOut = analysis > Indexing.Analyzer.Version ? "update agentrag, or rebuild it" : "rebuild it";
                throw new AgentRagException(
                    $"Index '{directory}' has terms of analysis version {analysis}, this program makes those of version {Indexing.Analyzer.Version}: {wayOut} with 'agentrag index --force'.");
            }

            var manifest = json.RootElement.Deserialize(ManifestJson.Default.IndexManifest) ?? throw Damaged(directory, "index.json is empty");
            return !manifest.IsComplete ? throw Damaged(directory, "index.json lacks a field")
                : manifest.Checksum == manifest.ComputeChecksum() ? manifest
                : throw Damaged(directory, "index.json does not fit its checksum");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw Damaged(directory, "index.json is not valid JSON or lacks a field");
        }
    }

    /// <summary>Whether a file is sound JSON of some other kind.</summary>
    public static bool IsForeign(byte[] utf8)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8);
            return json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("format", out var format) || format.ValueKind != JsonValueKind.String || format.GetString() != FormatName;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    public static AgentRagException Damaged(string directory, string what) =>
        new($"Index '{directory}' is damaged ({what}): rebuild it with 'agentrag index --force'.");

    public void RequireTokenCounter(string directory, string name)
    {
        if (TokenCounter != name)
        {
            throw Mismatch(directory, $"tokenizer {TokenCounter}", name);
        }
    }

    public void RequireSplitter(string directory, PassageSplitterOptions options)
    {
        if (Splitter != options)
        {
            throw Mismatch(directory, $"passages of {Describe(Splitter)}", Describe(options));
        }

        static string Describe(PassageSplitterOptions splitter) => $"at most {splitter.MaxPassageTokens} tokens with overlap {splitter.OverlapTokens}";
    }

    public void RequireAnalyzer(string directory, AnalyzerOptions options)
    {
        if (Analyzer != options)
        {
            throw Mismatch(directory, $"analyzer {Analyzer.Describe()}", options.Describe());
        }
    }

    // "required" makes a missing field an error, but not a field that is null.
    private bool IsComplete => CreatedBy is not null && TokenCounter is not null && Splitter is not null && Analyzer is not null
        && Segments is not null && Segments.All(segment => segment?.Name is not null) && Roots is not null;

    /// <summary>
    /// The roots that some version of this program wrote into a manifest; empty when they cannot be found. So an index of another version can be written anew
    /// without naming them again.
    /// </summary>
    public static IReadOnlyList<string> RootsOf(byte[] utf8)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8);
            return !IsForeign(utf8) && json.RootElement.TryGetProperty("roots", out var roots) && roots.ValueKind == JsonValueKind.Array
                && roots.EnumerateArray().All(root => root.ValueKind == JsonValueKind.String)
                ? [.. roots.EnumerateArray().Select(root => root.GetString()!)]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>Stands for the passages and their numbers: changes with every segment and every deletion. Hexadecimal.</summary>
    [JsonIgnore]
    public string ContentChecksum => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes([.. Segments], ManifestJson.Default.SegmentReferenceArray)));

    /// <summary>The file that holds the links of this state, where there are some.</summary>
    [JsonIgnore]
    public string LinksName => LinksNameOf(ContentChecksum);

    /// <summary>The file that holds the links of a state.</summary>
    public static string LinksNameOf(string contentChecksum) => $"links-{contentChecksum[..16]}.bin";

    private string ComputeChecksum() =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = "" }, ManifestJson.Default.IndexManifest)));

    private static AgentRagException Mismatch(string directory, string was, string now) =>
        new($"Index '{directory}' was written with {was}, this run uses {now}: rebuild it with 'agentrag index --force'.");
}

/// <summary>A segment file as the manifest names it.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Checksum">The checksum of its header, which holds those of its sections.</param>
/// <param name="Deletions">The file that marks what of it is deleted; null for nothing.</param>
/// <param name="DeletionsChecksum">The checksum of that file.</param>
internal sealed record SegmentReference(string Name, uint Checksum, string? Deletions, uint DeletionsChecksum);

/// <summary>Reads and writes manifests with code made at compile time: looking at types at run time took longer than all else of opening an index.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(IndexManifest))]
[JsonSerializable(typeof(SegmentReference[]))]
internal sealed partial class ManifestJson : JsonSerializerContext;
