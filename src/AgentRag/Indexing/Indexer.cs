using AgentRag.Documents;
using AgentRag.Tokens;

namespace AgentRag.Indexing;

/// <summary>Makes an index of files and keeps it up to date.</summary>
/// <remarks>
/// A run hashes the bytes of every file and reads only those that changed; the rest stays where it is. What is gone below the roots is removed. Scores are
/// the same as after indexing everything anew; passages with equal scores may stand in another order. The new state replaces the old one in one step at
/// the end: a run that fails, is cancelled or is killed leaves the old one as it was. Segments are merged after that, in a step of its own. Readers are
/// never blocked and keep the state they opened.
/// </remarks>
public sealed class Indexer
{
    private readonly ITokenCounter _counter;
    private readonly DocumentReaders _readers;

    /// <summary>Makes an indexer.</summary>
    /// <param name="counter">Measures passages; its name is stored with the index.</param>
    /// <param name="readers">Read the files; null for the readers of this library.</param>
    public Indexer(ITokenCounter counter, DocumentReaders? readers = null)
    {
        ArgumentNullException.ThrowIfNull(counter);
        (_counter, _readers) = (counter, readers ?? new());
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
            throw new AgentRagException($"There is no index at '{request.IndexDirectory}' to bring up to date: name what to index, 'agentrag index PATH...'.");
        }

        using var writerLock = directory.Lock();
        var manifest = request.Force ? directory.ReadManifestToReplace() : directory.ReadManifest();
        if (manifest is not null)
        {
            directory.Sweep(manifest);
        }

        var (splitter, analyzer) = Settings(request, manifest);
        var references = manifest is null || request.Force ? [] : manifest.Segments;
        var old = references.Select(directory.Open).ToList();
        var oldFiles = IndexedFile.ListAll(old);
        var plan = IndexPlan.Make(
            request.Paths, manifest?.Roots ?? [], keepOthers: !request.Force, [.. oldFiles.Values.Select(file => file.Entry)], _readers, cancellationToken);
        using var target = new NewSegments(directory, analyzer, MaxPostingsInMemory);
        var run = new IndexRun(plan, old, oldFiles, target, new(_counter, splitter), _readers, progress);
        await run.ReadAllAsync(cancellationToken).ConfigureAwait(false);
        if (manifest is not null && !request.Force && !run.HasChanged && plan.Roots.SequenceEqual(manifest.Roots, StringComparer.Ordinal))
        {
            return run.Result(old, directory.BytesOnDisk());
        }

        var index = new IndexState(directory, splitter, analyzer, _counter.Name, plan.Roots);
        index.Add(references, old);
        index.Delete(run.DeletedFiles());
        index.Add(target.Finish());
        cancellationToken.ThrowIfCancellationRequested();
        index.Commit();
        index.Merge(cancellationToken);
        return run.Result(index.Segments, directory.BytesOnDisk());
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
