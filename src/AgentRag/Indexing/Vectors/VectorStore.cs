using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing.Vectors;

/// <summary>The vectors of an index, open for reading.</summary>
/// <remarks>
/// One consistent state: a run that embeds more does not disturb it. Files are mapped, so memory holds what is in use. Damaged bytes are an
/// <see cref="AgentRagException"/>, when the store is opened or when they are first touched. Never changes; safe for concurrent use.
/// </remarks>
public sealed class VectorStore
{
    private readonly string _index;
    private readonly VectorManifest _manifest;
    private readonly IReadOnlyDictionary<uint, int[]> _placements;
    private readonly Lazy<Dictionary<VectorKey, int>> _rowsByKey;

    private VectorStore(string index, VectorManifest manifest, IReadOnlyList<VectorSegment> segments, IReadOnlyDictionary<uint, int[]> placements)
    {
        (_index, _manifest, Segments, _placements) = (index, manifest, segments, placements);
        Count = segments.Sum(segment => segment.Rows);
        _rowsByKey = new(() => RowsByKey(Segments));
    }

    /// <summary>The embedding model, as its generator named it.</summary>
    public string Model => _manifest.Model;

    /// <summary>Components of each vector.</summary>
    public int Dimensions => _manifest.Dimensions;

    /// <summary>Vectors in the store, ≥ 0, those of passages that are gone included.</summary>
    public int Count { get; }

    /// <summary>Whether float32 components are kept beside the int8 ones.</summary>
    public bool HasFloat32 => _manifest.HasFloats;

    /// <summary>What the model wants in front of a query; empty for nothing.</summary>
    public string QueryPrefix => _manifest.QueryPrefix;

    internal VectorLayout Layout => _manifest.Layout;

    internal IReadOnlyList<VectorSegment> Segments { get; }

    /// <summary>Opens the vectors of an index.</summary>
    /// <param name="indexDirectory">The folder of the index.</param>
    /// <returns>The vectors.</returns>
    /// <exception cref="AgentRagException">There are none, or they are damaged or of another format.</exception>
    public static VectorStore Open(string indexDirectory) => OpenIfAny(indexDirectory)
        ?? throw new AgentRagException($"Index '{indexDirectory}' has no vectors yet: make them with 'agentrag index --embeddings NAME'.");

    /// <summary>Opens the vectors of an index, if it has some.</summary>
    /// <param name="indexDirectory">The folder of the index.</param>
    /// <returns>The vectors, or null when the index has none.</returns>
    /// <exception cref="AgentRagException">They are damaged or of another format.</exception>
    public static VectorStore? OpenIfAny(string indexDirectory)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexDirectory);
        return new VectorDirectory(indexDirectory).Open() is { } open ? new(indexDirectory, open.Manifest, open.Segments, open.Placements) : null;
    }

    /// <summary>Checks every byte.</summary>
    /// <exception cref="AgentRagException">Something is damaged; the message names the file.</exception>
    public void Verify()
    {
        foreach (var segment in Segments)
        {
            segment.Verify();
        }
    }

    /// <summary>Vectors of two models, or of two lengths, cannot be compared.</summary>
    /// <exception cref="AgentRagException">The store was made with another model.</exception>
    internal void RequireModel(string model, int? dimensions) => _manifest.RequireModel(_index, model, dimensions);

    /// <summary>The row of each passage of a segment; -1 where it has none.</summary>
    internal int[] RowsOf(Segment segment)
    {
        if (_placements.TryGetValue(segment.Checksum, out var rows) && rows.Length == segment.PassageCount)
        {
            return rows;
        }

        // The index was written since the last embedding run: what did not change is found by its text.
        return [.. new EmbeddedTexts(segment, _manifest.PassagePrefix).ReadAll().Select(text => _rowsByKey.Value.GetValueOrDefault(VectorKey.Of(text), -1))];
    }

    internal static Dictionary<VectorKey, int> RowsByKey(IReadOnlyList<VectorSegment> segments)
    {
        Dictionary<VectorKey, int> rows = new(segments.Sum(segment => segment.Rows));
        var first = 0;
        foreach (var segment in segments)
        {
            for (var row = 0; row < segment.Rows; row++)
            {
                rows.TryAdd(segment.Key(row), first + row);
            }

            first += segment.Rows;
        }

        return rows;
    }
}
