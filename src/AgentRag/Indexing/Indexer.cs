using AgentRag.Documents;
using AgentRag.Tokens;

namespace AgentRag.Indexing;

/// <summary>Makes an index of files and keeps it up to date.</summary>
/// <remarks>
/// A run hashes the bytes of every file and reads only those that changed; the rest stays where it is. What is gone below the roots is removed. Scores are
/// the same as after indexing everything anew; passages with equal scores may stand in another order. The new state replaces the old one in one step at
/// the end: a run that fails, is cancelled or is killed leaves the old one as it was. Segments are merged after that, beside other writers: those wait for
/// the commit of a merge alone. Readers are never blocked and keep the state they opened.
/// </remarks>
public sealed class Indexer
{
    private readonly ITokenCounter _counter;
    private readonly DocumentReaders _readers;
    private readonly TimeProvider _time;

    /// <summary>Makes an indexer.</summary>
    /// <param name="counter">Measures passages; its name is stored with the index.</param>
    /// <param name="readers">Read the files; null for the readers of this library.</param>
    /// <param name="time">The clock of waits for the commit of a merge; null for the system's.</param>
    public Indexer(ITokenCounter counter, DocumentReaders? readers = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(counter);
        (_counter, _readers, _time) = (counter, readers ?? new(), time ?? TimeProvider.System);
    }

    /// <summary>Called before each change on disk; tests end the writer here.</summary>
    internal Action<string>? BeforeChange { get; init; }

    /// <summary>Pairs of passage and term that are held in memory before a segment is written. Default 64 Mi: half a gigabyte, about 800,000 passages.</summary>
    internal long MaxPostingsInMemory { get; init; } = 64 << 20;

    /// <summary>Indexes files, or brings an index up to date.</summary>
    /// <param name="request">What to index, and where.</param>
    /// <param name="progress">Told about each file, and now and then within large ones.</param>
    /// <param name="cancellationToken">Ends the run; the old index stays.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="AgentRagException">
    /// A path does not exist; there is nothing to index; the index is damaged, foreign, written with other settings, or being written by another run.
    /// </exception>
    public async Task<IndexResult> RunAsync(IndexRequest request, IProgress<IndexProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var directory = new IndexDirectory(request.IndexDirectory) { BeforeChange = BeforeChange };
        if (request.Paths.Count == 0 && directory.ReadManifestToReplace() is null)
        {
            // Before the lock, which would create the folder. An index that cannot be understood says so itself, unless it is to be replaced.
            _ = request.Force ? null : directory.ReadManifest();
            request = request with { Paths = directory.RootsToReplace() };
            if (request.Paths.Count == 0)
            {
                throw new AgentRagException($"There is no index at '{request.IndexDirectory}' to bring up to date: name what to index, 'agentrag index PATH...'.");
            }
        }

        var result = await WriteAsync(directory, request, progress, cancellationToken).ConfigureAwait(false);
        if (request.Merge)
        {
            await new MergeRun(directory, _time).RunAsync(cancellationToken).ConfigureAwait(false);
        }

        return result with { BytesOnDisk = directory.BytesOnDisk() };
    }

    /// <summary>Merges the segments of an index where there are many small ones, or much of one is deleted. Readers and writers go on meanwhile.</summary>
    /// <param name="indexDirectory">The folder that holds the index.</param>
    /// <param name="cancellationToken">Ends the work; what is committed stays.</param>
    /// <returns>How many times segments were merged; 0 also when another run is merging them.</returns>
    /// <exception cref="AgentRagException">There is no index, or it cannot be read or written.</exception>
    public async Task<int> MergeAsync(string indexDirectory, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexDirectory);
        var directory = new IndexDirectory(indexDirectory) { BeforeChange = BeforeChange };
        _ = directory.ReadManifest() ?? throw new AgentRagException($"There is no index at '{indexDirectory}': make one with 'agentrag index PATH...'.");
        return await new MergeRun(directory, _time).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Measures an index.</summary>
    /// <param name="indexDirectory">The folder that holds it.</param>
    /// <returns>Its bytes on disk, those of links and vectors among them.</returns>
    public static long BytesOnDisk(string indexDirectory) => new IndexDirectory(indexDirectory).BytesOnDisk();

    private async Task<IndexResult> WriteAsync(
        IndexDirectory directory, IndexRequest request, IProgress<IndexProgress>? progress, CancellationToken cancellationToken)
    {
        using var writerLock = await directory.LockAsync(_time, patience: TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        var manifest = request.Force ? directory.ReadManifestToReplace() : directory.ReadManifest();
        if (manifest is not null)
        {
            directory.Sweep(manifest);
        }

        var (splitter, analyzer) = Settings(request, manifest);
        var references = manifest is null || request.Force ? [] : manifest.Segments;
        var old = references.Select(directory.Open).ToList();
        var oldFiles = IndexedFile.ListAll(old);
        var plan = await IndexPlan.MakeAsync(
            request, manifest?.Roots ?? [], [.. oldFiles.Values.Select(file => file.Entry)], _readers, cancellationToken).ConfigureAwait(false);
        using var target = new NewSegments(directory, analyzer, MaxPostingsInMemory);
        var run = new IndexRun(plan, old, oldFiles, target, new(_counter, splitter), _readers, progress);
        await run.ReadAllAsync(cancellationToken).ConfigureAwait(false);
        if (manifest is not null && !request.Force && !run.HasChanged && plan.Roots.SequenceEqual(manifest.Roots, StringComparer.Ordinal))
        {
            if (request.WithLinks && directory.SoundLinks(manifest.ContentChecksum) is null)
            {
                directory.WriteLinks(manifest, LinksGraph.Build(LinksIndex.Index(manifest, old), cancellationToken));
            }

            return run.Result(old, bytesOnDisk: 0);
        }

        var index = new IndexState(directory, splitter, analyzer, _counter.Name, plan.Roots);
        index.Add(references, old);
        index.Delete(run.DeletedFiles());
        index.Add(target.Finish());
        cancellationToken.ThrowIfCancellationRequested();
        index.Commit(request.WithLinks ? LinksGraph.Build(index.Index, cancellationToken) : null);
        return run.Result(index.Segments, bytesOnDisk: 0);
    }

    private (PassageSplitterOptions Splitter, AnalyzerOptions Analyzer) Settings(IndexRequest request, IndexManifest? manifest)
    {
        var (splitter, analyzer) = (request.Splitter ?? manifest?.Splitter ?? new(), request.Analyzer ?? manifest?.Analyzer ?? AnalyzerOptions.English);
        if (manifest is not null && !request.Force)
        {
            manifest.RequireTokenCounter(request.IndexDirectory, _counter.Name);
            manifest.RequireSplitter(request.IndexDirectory, splitter);
            manifest.RequireAnalyzer(request.IndexDirectory, analyzer);
        }

        return (splitter.Validated(), analyzer);
    }
}
