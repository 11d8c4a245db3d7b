using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>The links of an index on disk: one file beside its segments.</summary>
/// <remarks>
/// The file names the state it was made from by checksum, so links of an older state are never used. It is replaced in one step; a run that is killed
/// leaves the old file or none, and the next update makes it anew.
/// </remarks>
public static class LinksIndex
{
    /// <summary>Without a file, links of an index up to this size are made when they are needed: about two seconds.</summary>
    public const int MaxPassagesLinkedOnOpen = 50_000;

    internal const string FileName = "links.bin";

    /// <summary>Makes the links of an index and writes them beside it, unless they are there already. To be called when an index run has ended.</summary>
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
        if (Read(indexDirectory, manifest.ContentChecksum, out _) is not null)
        {
            return false;
        }

        var graph = LinksGraph.Build(Index(manifest, segments), cancellationToken);
        WriteDurably(indexDirectory, stream => LinksFile.Write(graph, manifest.ContentChecksum, stream));
        return true;
    }

    /// <summary>Opens an index together with its links.</summary>
    /// <param name="indexDirectory">The folder that holds them.</param>
    /// <param name="tokenCounterName">The token counter of this run; null when token counts do not matter to it.</param>
    /// <returns>The index and the links between its passages.</returns>
    /// <exception cref="AgentRagException">
    /// There is no index, it is damaged, foreign or measured by another token counter; the links are damaged; or there are none and the index is too large to
    /// make them in passing.
    /// </exception>
    public static (Bm25Index Index, LinksGraph Graph) Open(string indexDirectory, string? tokenCounterName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexDirectory);
        var (manifest, segments) = new IndexDirectory(indexDirectory).Open();
        if (tokenCounterName is not null)
        {
            manifest.RequireTokenCounter(indexDirectory, tokenCounterName);
        }

        var index = Index(manifest, segments);
        var graph = Read(indexDirectory, manifest.ContentChecksum, out var problem);
        if (problem is not null)
        {
            throw new AgentRagException($"The links of index '{indexDirectory}' are damaged ({problem}): make them anew with 'agentrag index'.");
        }

        if (graph is null && index.PassageCount > MaxPassagesLinkedOnOpen)
        {
            throw new AgentRagException(
                $"Index '{indexDirectory}' has {index.PassageCount:N0} passages and no links between them: make the links with 'agentrag index', or retrieve with bm25.");
        }

        return (index, graph ?? LinksGraph.Build(index));
    }

    private static Bm25Index Index(IndexManifest manifest, IReadOnlyList<LiveSegment> segments) =>
        new(segments, manifest.Analyzer, manifest.TokenCounter, manifest.Splitter, manifest.Roots);

    private static LinksGraph? Read(string indexDirectory, string segmentSha256, out string? problem)
    {
        try
        {
            return LinksFile.Read(File.ReadAllBytes(Path.Combine(indexDirectory, FileName)), segmentSha256, out problem);
        }
        catch (FileNotFoundException)
        {
            problem = null;
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"The links of index '{indexDirectory}' cannot be read: {exception.Message}", exception);
        }
    }

    private static void WriteDurably(string indexDirectory, Action<Stream> write)
    {
        var target = Path.Combine(indexDirectory, FileName);
        try
        {
            using (var stream = new FileStream(target + ".tmp", FileMode.Create, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(target + ".tmp", target, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"The links of index '{indexDirectory}' cannot be written: {exception.Message}", exception);
        }
    }
}
