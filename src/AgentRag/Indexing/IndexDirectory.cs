using System.Globalization;
using System.Text.RegularExpressions;

namespace AgentRag.Indexing;

/// <summary>The folder that holds an index: one manifest, one segment file, one lock file.</summary>
/// <remarks>
/// A writer holds the lock, writes a segment under a new name, flushes it to disk, and then renames a new manifest over the old one: that single step
/// makes the new index valid. Killed anywhere, it leaves the old manifest and the old segment; what else it leaves is swept by the next writer.
/// </remarks>
/// <param name="directory">The folder, as the user named it.</param>
internal sealed partial class IndexDirectory(string directory)
{
    public const string ManifestName = "index.json";
    private const string LockName = "write.lock";
    private const int OpenAttempts = 5;

    /// <summary>Called before each change on disk with its name; tests end the writer here.</summary>
    public Action<string>? BeforeChange { get; init; }

    private string ManifestPath => Path.Combine(directory, ManifestName);

    /// <summary>Opens the index for reading.</summary>
    /// <exception cref="AgentRagException">There is none, or it cannot be read.</exception>
    public (IndexManifest Manifest, IndexSegment Segment) Open()
    {
        for (var attempt = 1; ; attempt++)
        {
            var manifest = ReadManifest() ?? throw new AgentRagException($"There is no index at '{directory}': make one with 'agentrag index PATH...'.");
            try
            {
                return (manifest, ReadSegment(manifest));
            }
            catch (FileNotFoundException) when (attempt < OpenAttempts)
            {
                // A writer swapped the manifest and removed the old segment between the two reads: read the new manifest.
            }
            catch (FileNotFoundException)
            {
                throw IndexManifest.Damaged(directory, $"{manifest.Segment} is missing");
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

    /// <summary>Reads the segment of a manifest.</summary>
    public IndexSegment ReadSegment(IndexManifest manifest)
    {
        // The name comes out of a file: without this check it could point anywhere.
        if (!SegmentName().IsMatch(manifest.Segment))
        {
            throw IndexManifest.Damaged(directory, "index.json names no segment file");
        }

        try
        {
            using var stream = new FileStream(Path.Combine(directory, manifest.Segment), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return SegmentFile.Read(directory, stream, manifest.SegmentSha256);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException and not FileNotFoundException)
        {
            throw Unusable("read", exception);
        }
    }

    /// <summary>Makes a segment the index's content. The lock must be held.</summary>
    /// <param name="segment">The new content.</param>
    /// <param name="makeManifest">Makes the manifest for a segment file's name and checksum.</param>
    public void Commit(IndexSegment segment, Func<string, string, IndexManifest> makeManifest)
    {
        try
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"segment-{NextNumber():D6}.bin");
            var checksum = "";
            WriteDurably(name, stream => checksum = SegmentFile.Write(segment, stream));
            WriteDurably(ManifestName, stream => stream.Write(makeManifest(name, checksum).ToUtf8()));
            Sweep(keep: name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable("written", exception);
        }
    }

    /// <summary>Removes what is not part of the index: leftovers of a killed writer, and the segment that was replaced. The lock must be held.</summary>
    /// <param name="keep">The segment to keep.</param>
    public void Sweep(string keep)
    {
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            var name = Path.GetFileName(path);
            if (name == ManifestName + ".tmp" || (SegmentName().IsMatch(name.EndsWith(".tmp", StringComparison.Ordinal) ? name[..^4] : name) && name != keep))
            {
                BeforeChange?.Invoke($"delete {name}");
                File.Delete(path);
            }
        }
    }

    /// <summary>Bytes of the index on disk.</summary>
    public long BytesOnDisk() => Directory.EnumerateFiles(directory).Sum(path => new FileInfo(path).Length);

    private void WriteDurably(string name, Action<Stream> write)
    {
        var (target, temporary) = (Path.Combine(directory, name), Path.Combine(directory, name + ".tmp"));
        BeforeChange?.Invoke($"create {name}.tmp");
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            write(stream);
            BeforeChange?.Invoke($"flush {name}.tmp");
            stream.Flush(flushToDisk: true);
        }

        BeforeChange?.Invoke($"rename {name}.tmp");
        File.Move(temporary, target, overwrite: true);
    }

    private int NextNumber() => 1 + Directory.EnumerateFiles(directory)
        .Select(path => SegmentName().Match(Path.GetFileName(path)))
        .Where(match => match.Success)
        .Select(match => int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture))
        .DefaultIfEmpty(0)
        .Max();

    private AgentRagException Unusable(string verb, Exception exception) =>
        new($"Index '{directory}' cannot be {verb}: {exception.Message}", exception);

    [GeneratedRegex(@"^segment-(?<number>[0-9]{6,9})\.bin$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SegmentName();
}
