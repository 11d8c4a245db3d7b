using System.Globalization;
using System.Text.RegularExpressions;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>The folder that holds an index: one manifest, segment files, files of deletions, a file of links, two lock files.</summary>
/// <remarks>
/// A writer holds the lock, writes segments, deletions and links under new names, flushes them to disk, and then renames a new manifest over the old one: that
/// single step makes the new state valid. No file is ever changed. Killed anywhere, the writer leaves the old manifest and all it names; what else it
/// leaves is swept by the next writer. Who merges holds a lock of its own, works on a file of its own, and takes the writer's lock for its commit alone.
/// </remarks>
/// <param name="directory">The folder, as the user named it.</param>
internal sealed partial class IndexDirectory(string directory)
{
    public const string ManifestName = "index.json";
    public const string MergingName = "merging.bin";
    private const string LockName = "write.lock";
    private const string MergeLockName = "merge.lock";
    private const int OpenAttempts = 5;

    // A merge holds the writer's lock for its commit: milliseconds, some seconds where it renumbers the links of millions of passages.
    private static readonly TimeSpan LongestMergeCommit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(10);

    private int _lastNumber;

    /// <summary>Called before each change on disk with its name; tests end the writer here.</summary>
    public Action<string>? BeforeChange { get; init; }

    private string ManifestPath => Path.Combine(directory, ManifestName);

    /// <summary>Opens the index for reading.</summary>
    /// <exception cref="AgentRagException">There is none, or it cannot be read.</exception>
    public (IndexManifest Manifest, IReadOnlyList<LiveSegment> Segments) Open()
    {
        for (var attempt = 1; ; attempt++)
        {
            var manifest = ReadManifest() ?? throw new AgentRagException($"There is no index at '{directory}': make one with 'agentrag index PATH...'.");
            try
            {
                return (manifest, OpenSegments(manifest));
            }
            catch (FileNotFoundException) when (attempt < OpenAttempts)
            {
                // A writer swapped the manifest and removed old segments between the two reads: read the new manifest.
            }
            catch (FileNotFoundException exception)
            {
                throw IndexManifest.Damaged(directory, $"{Path.GetFileName(exception.FileName)} is missing");
            }
        }
    }

    /// <summary>Reads the manifest.</summary>
    /// <returns>The manifest, or null when there is no index.</returns>
    public IndexManifest? ReadManifest()
    {
        try
        {
            return IndexManifest.Parse(directory, File.ReadAllBytes(ManifestPath));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable("read", exception);
        }
    }

    /// <summary>Reads the manifest of an index that is going to be written anew.</summary>
    /// <returns>The manifest, or null when there is none or it cannot be understood.</returns>
    /// <exception cref="AgentRagException">The file in its place is not a manifest: overwriting it could destroy something else.</exception>
    public IndexManifest? ReadManifestToReplace()
    {
        try
        {
            return ReadManifest();
        }
        catch (AgentRagException) when (!IndexManifest.IsForeign(File.ReadAllBytes(ManifestPath)))
        {
            return null;
        }
    }

    /// <summary>The roots of an index that cannot be understood but is going to be written anew; empty when they cannot be found.</summary>
    public IReadOnlyList<string> RootsToReplace()
    {
        try
        {
            return IndexManifest.RootsOf(File.ReadAllBytes(ManifestPath));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Takes the writer's lock; the operating system releases it when the process ends, however that happens.</summary>
    /// <returns>The lock, to be disposed.</returns>
    /// <exception cref="AgentRagException">Another writer holds it, or the folder cannot be written.</exception>
    public IDisposable Lock()
    {
        try
        {
            Directory.CreateDirectory(directory);
            return new FileStream(Path.Combine(directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw Unusable("written", exception);
        }
        catch (IOException exception) when (File.Exists(Path.Combine(directory, LockName)))
        {
            throw new AgentRagException(
                $"Index '{directory}' is being written by another run: wait until it ends, or choose another folder with --index DIR.", exception);
        }
        catch (IOException exception)
        {
            throw Unusable("written", exception);
        }
    }

    /// <summary>Takes the writer's lock, and waits where a merge is about to commit: it is over soon.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="patience">How long to wait for writers that are no merges; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="AgentRagException">Another writer holds it, or the folder cannot be written.</exception>
    public async Task<IDisposable> LockAsync(TimeProvider time, TimeSpan? patience, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return Lock();
            }
            catch (AgentRagException fault) when (fault.InnerException is IOException && IsWorthWaiting(time.GetElapsedTime(start)))
            {
                await Task.Delay(BetweenAttempts, time, cancellationToken).ConfigureAwait(false);
            }
        }

        bool IsWorthWaiting(TimeSpan waited)
        {
            if (patience is not { } limit || waited < limit)
            {
                return true;
            }

            return waited < LongestMergeCommit && IsMerging();
        }
    }

    /// <summary>Takes the lock of merges.</summary>
    /// <returns>The lock, to be disposed; null when somebody else holds it.</returns>
    /// <exception cref="AgentRagException">The folder cannot be written.</exception>
    public IDisposable? TryLockMerges()
    {
        try
        {
            return new FileStream(Path.Combine(directory, MergeLockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw Unusable("written", exception);
        }
        catch (IOException) when (File.Exists(Path.Combine(directory, MergeLockName)))
        {
            return null;
        }
        catch (IOException exception)
        {
            throw Unusable("written", exception);
        }
    }

    /// <summary>Opens the segments of a manifest.</summary>
    public IReadOnlyList<LiveSegment> OpenSegments(IndexManifest manifest) => [.. manifest.Segments.Select(Open)];

    /// <summary>Opens one segment and what is deleted of it.</summary>
    public LiveSegment Open(SegmentReference reference)
    {
        // The names come out of a file: without this check they could point anywhere.
        if (!SegmentName().IsMatch(reference.Name) || (reference.Deletions is not null && !DeletionsName().IsMatch(reference.Deletions)))
        {
            throw IndexManifest.Damaged(directory, "index.json names no segment file");
        }

        try
        {
            var segment = Segment.Open(directory, reference.Name, reference.Checksum);
            if (reference.Deletions is null)
            {
                return new(segment, Deletions: null);
            }

            var bytes = File.ReadAllBytes(Path.Combine(directory, reference.Deletions));
            return Checksum.Of(bytes) == reference.DeletionsChecksum
                ? new(segment, SegmentDeletions.Read(segment, bytes))
                : throw IndexManifest.Damaged(directory, $"{reference.Deletions} does not fit its checksum");
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException and not FileNotFoundException)
        {
            throw Unusable("read", exception);
        }
    }

    /// <summary>Begins a segment file under a name of its own. The lock must be held.</summary>
    public NewFile CreateSegment() => Create(Numbered("segment"));

    /// <summary>Begins the file that a merge writes. The lock of merges must be held.</summary>
    public NewFile CreateMerging() => Create(MergingName);

    /// <summary>Gives the merged segment a name of its own. Both locks must be held.</summary>
    /// <returns>The name.</returns>
    public string AdoptMerged()
    {
        var name = Numbered("segment");
        BeforeChange?.Invoke($"rename {MergingName}");
        File.Move(Path.Combine(directory, MergingName), Path.Combine(directory, name));
        return name;
    }

    /// <summary>Writes the links of a state that is about to be committed. The lock must be held.</summary>
    public void WriteLinks(IndexManifest manifest, LinksGraph graph) => Writing(() =>
    {
        using var file = Create(manifest.LinksName);
        LinksWriter.Write(graph, manifest.ContentChecksum, file.Stream);
        file.Complete();
        return true;
    });

    /// <summary>Opens the links of a state.</summary>
    /// <param name="contentChecksum">The state.</param>
    /// <returns>The links; null when there are none.</returns>
    /// <exception cref="AgentRagException">They are damaged as far as opening shows, of another format, or cannot be read.</exception>
    public LinksGraph? OpenLinks(string contentChecksum)
    {
        try
        {
            return LinksFile.Open(SegmentBytes.Map(Path.Combine(directory, IndexManifest.LinksNameOf(contentChecksum))), directory, contentChecksum);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"The links of index '{directory}' cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Opens the links of a state for a writer, who makes new ones in place of any that cannot be used.</summary>
    /// <param name="contentChecksum">The state.</param>
    /// <returns>The links, every byte of them verified; null when there are none or they are not sound.</returns>
    /// <exception cref="AgentRagException">They cannot be read.</exception>
    public LinksGraph? SoundLinks(string contentChecksum)
    {
        try
        {
            var links = OpenLinks(contentChecksum);
            if (links?.IsSound() is false)
            {
                // They are written anew, and Windows replaces no file that is mapped.
                links.Pages!.Dispose();
                links = null;
            }

            return links;
        }
        catch (AgentRagException exception) when (exception.InnerException is not (IOException or UnauthorizedAccessException))
        {
            return null;
        }
    }

    /// <summary>Writes what is deleted of a segment. The lock must be held.</summary>
    /// <returns>The segment with its new deletions.</returns>
    public SegmentReference WriteDeletions(SegmentReference segment, SegmentDeletions deletions)
    {
        var bytes = deletions.ToBytes();
        using var file = Create(Numbered("deleted"));
        file.Stream.Write(bytes);
        file.Complete();
        return segment with { Deletions = file.Name, DeletionsChecksum = Checksum.Of(bytes) };
    }

    /// <summary>Makes the manifest the index's state in one step, and removes what it does not name. The lock must be held.</summary>
    public void Commit(IndexManifest manifest)
    {
        using (var file = Create(ManifestName))
        {
            file.Stream.Write(manifest.ToUtf8());
            file.Complete();
        }

        Sweep(manifest);
    }

    /// <summary>Removes what is not part of the index: leftovers of a killed writer, and what was replaced. The lock must be held.</summary>
    /// <remarks>A file that cannot be removed because a reader on Windows has it mapped stays until the next run.</remarks>
    public void Sweep(IndexManifest manifest)
    {
        var keep = manifest.Segments.SelectMany(segment => new[] { segment.Name, segment.Deletions }).Append(manifest.LinksName).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            var name = Path.GetFileName(path);
            var target = name.EndsWith(".tmp", StringComparison.Ordinal) ? name[..^4] : name;
            if (name == ManifestName + ".tmp" || (OwnName().IsMatch(target) && !keep.Contains(name)) || (target == MergingName && !IsMerging()))
            {
                BeforeChange?.Invoke($"delete {name}");
                try
                {
                    File.Delete(path);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // Only space is lost.
                }
            }
        }
    }

    /// <summary>Whether somebody merges: who does holds the lock of merges.</summary>
    private bool IsMerging()
    {
        if (!File.Exists(Path.Combine(directory, MergeLockName)))
        {
            return false;
        }

        using var merges = TryLockMerges();
        return merges is null;
    }

    /// <summary>Runs a step that writes, and puts the faults of the disk into words.</summary>
    public T Writing<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable("written", exception);
        }
    }

    /// <summary>Bytes of the index on disk, those of its links and vectors among them.</summary>
    public long BytesOnDisk() => new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private NewFile Create(string name)
    {
        try
        {
            return new(directory, name, BeforeChange);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable("written", exception);
        }
    }

    /// <summary>A name with the next number. Numbers of a run go on from those of all files there are, half-written ones too.</summary>
    private string Numbered(string kind)
    {
        _lastNumber = Math.Max(_lastNumber, Directory.EnumerateFiles(directory)
            .Select(path => AnyNumber().Match(Path.GetFileName(path)))
            .Where(match => match.Success)
            .Select(match => int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture))
            .DefaultIfEmpty(0)
            .Max());
        return string.Create(CultureInfo.InvariantCulture, $"{kind}-{++_lastNumber:D6}.bin");
    }

    private AgentRagException Unusable(string verb, Exception exception) =>
        new($"Index '{directory}' cannot be {verb}: {exception.Message}", exception);

    [GeneratedRegex(@"^segment-[0-9]{6,9}\.bin$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SegmentName();

    [GeneratedRegex(@"^deleted-[0-9]{6,9}\.bin$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DeletionsName();

    [GeneratedRegex(@"^((segment|deleted)-[0-9]{6,9}|links-[0-9a-f]{16}|links)\.bin$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OwnName();

    [GeneratedRegex(@"^(segment|deleted)-(?<number>[0-9]{6,9})\.bin(\.tmp)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AnyNumber();
}
