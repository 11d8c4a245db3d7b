using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>The links of an index on disk: one file beside its segments.</summary>
/// <remarks>
/// The file is named after the state it was made from and holds its checksum, so links of an older state are never used. <see cref="IndexRequest.WithLinks"/>
/// commits them together with the passages; without, they are made here. Opening maps the file: it costs next to nothing however many links there are.
/// </remarks>
public static class LinksIndex
{
    /// <summary>Without a file, links of an index up to this size are made when they are needed: about two seconds.</summary>
    public const int MaxPassagesLinkedOnOpen = 50_000;

    private const int OpenAttempts = 5;

    /// <summary>Makes the links of an index and writes them beside it, unless they are there already.</summary>
    /// <param name="indexDirectory">The folder that holds the index.</param>
    /// <param name="cancellationToken">Ends the work; the old file stays.</param>
    /// <returns>Whether a file was written.</returns>
    /// <exception cref="AgentRagException">There is no index, it cannot be read or written, or it is being written by another run.</exception>
    public static bool Update(string indexDirectory, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexDirectory);
        var directory = new IndexDirectory(indexDirectory);

        // Before the lock, which would create the folder.
        _ = directory.ReadManifest() ?? throw new AgentRagException($"There is no index at '{indexDirectory}': make one with 'agentrag index PATH...'.");
        using var writerLock = directory.Lock();
        var (manifest, segments) = directory.Open();
        if (directory.SoundLinks(manifest.ContentChecksum) is not null)
        {
            return false;
        }

        directory.WriteLinks(manifest, LinksGraph.Build(Index(manifest, segments), cancellationToken));
        return true;
    }

    /// <summary>Opens an index together with its links.</summary>
    /// <param name="indexDirectory">The folder that holds them.</param>
    /// <param name="tokenCounterName">The token counter of this run; null when token counts do not matter to it.</param>
    /// <returns>The index and the links between its passages.</returns>
    /// <exception cref="AgentRagException">
    /// There is no index, it is damaged, foreign or measured by another token counter; the links are damaged or of another format version; or there are none and
    /// the index is too large to make them in passing.
    /// </exception>
    public static (Bm25Index Index, LinksGraph Graph) Open(string indexDirectory, string? tokenCounterName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexDirectory);
        var directory = new IndexDirectory(indexDirectory);
        for (var attempt = 1; ; attempt++)
        {
            var (manifest, segments) = directory.Open();
            if (tokenCounterName is not null)
            {
                manifest.RequireTokenCounter(indexDirectory, tokenCounterName);
            }

            var index = Index(manifest, segments);
            if (GraphOf(indexDirectory, index) is { } graph)
            {
                return (index, graph);
            }

            if (attempt == OpenAttempts || directory.ReadManifest()?.ContentChecksum == manifest.ContentChecksum)
            {
                return index.PassageCount <= MaxPassagesLinkedOnOpen
                    ? (index, LinksGraph.Build(index))
                    : throw new AgentRagException(
                        $"Index '{indexDirectory}' has {index.PassageCount:N0} passages and no links between them: make the links with 'agentrag index', or retrieve with bm25.");
            }

            // A writer committed and removed the old links between the two reads: read the new state.
        }
    }

    /// <summary>Opens the links of an index that is open.</summary>
    /// <param name="indexDirectory">The folder that it was opened from.</param>
    /// <param name="index">The index.</param>
    /// <returns>The links between its passages; null when there are none of this state.</returns>
    /// <exception cref="AgentRagException">
    /// The links are damaged, of another format version, or cannot be read. Their bytes are verified as queries touch them, so damage may show then.
    /// </exception>
    public static LinksGraph? GraphOf(string indexDirectory, Bm25Index index)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexDirectory);
        ArgumentNullException.ThrowIfNull(index);
        return index.ContentChecksum is null ? null : new IndexDirectory(indexDirectory).OpenLinks(index.ContentChecksum);
    }

    internal static Bm25Index Index(IndexManifest manifest, IReadOnlyList<LiveSegment> segments) =>
        new(segments, manifest.Analyzer, manifest.TokenCounter, manifest.Splitter, manifest.Roots) { ContentChecksum = manifest.ContentChecksum };
}
