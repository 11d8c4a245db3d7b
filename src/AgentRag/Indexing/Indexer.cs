using System.Reflection;
using AgentRag.Documents;
using AgentRag.Tokens;

namespace AgentRag.Indexing;

/// <summary>Makes an index of files and keeps it up to date.</summary>
/// <remarks>
/// A run hashes the bytes of every file and reads only those that changed; the rest is taken over. What is gone below the roots is removed. The result
/// is the same as that of indexing everything anew. The new index replaces the old one in one step at the end: a run that fails, is cancelled or is
/// killed leaves the old one as it was.
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
            directory.Sweep(keep: manifest.Segment);
        }

        var (splitter, analyzer) = Settings(request, manifest);
        var old = manifest is null || request.Force ? null : directory.ReadSegment(manifest);
        var plan = await IndexPlan.MakeAsync(request, manifest?.Roots ?? [], old?.Files ?? [], _readers, cancellationToken).ConfigureAwait(false);
        var run = new IndexRun(plan, old, new(_counter, splitter), analyzer, _readers, progress);
        await run.ReadAllAsync(cancellationToken).ConfigureAwait(false);

        if (old is null || run.HasChanged || !plan.Roots.SequenceEqual(manifest!.Roots, StringComparer.Ordinal))
        {
            var segment = run.Build();
            cancellationToken.ThrowIfCancellationRequested();
            directory.Commit(segment, (name, checksum) => new IndexManifest
            {
                Format = IndexManifest.FormatName,
                FormatVersion = IndexManifest.CurrentVersion,
                CreatedBy = $"agentrag {typeof(Indexer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}",
                TokenCounter = _counter.Name,
                Splitter = splitter,
                Analyzer = analyzer,
                Segment = name,
                SegmentSha256 = checksum,
                Files = segment.Files.Count,
                Documents = segment.DocumentCount,
                Passages = segment.PassageCount,
                Tokens = segment.PassageTokens.Sum(tokens => (long)tokens),
                Roots = plan.Roots,
            });
        }

        return run.Result(directory.BytesOnDisk());
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
