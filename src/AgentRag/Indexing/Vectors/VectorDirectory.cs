using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing.Vectors;

/// <summary>The folder <c>vectors</c> of an index: one manifest, vector segments, placements, one lock file.</summary>
/// <remarks>
/// Apart from the index's own files, so that an index rebuilt with force keeps its vectors. As there, no file is ever changed: a writer adds files under new
/// names, flushes them, and renames a new manifest over the old one.
/// </remarks>
/// <param name="index">The folder of the index, as the user named it.</param>
internal sealed partial class VectorDirectory(string index)
{
    public const string FolderName = "vectors";
    public const string ManifestName = "vectors.json";
    private const string LockName = "write.lock";
    private const int OpenAttempts = 5;

    private readonly string _path = Path.Combine(index, FolderName);
    private int _lastNumber;

    /// <summary>Called before each change on disk with its name; tests end the writer here.</summary>
    public Action<string>? BeforeChange { get; init; }

    public string Index => index;

    /// <summary>Reads the manifest.</summary>
    /// <returns>The manifest, or null when there are no vectors.</returns>
    public VectorManifest? Read()
    {
        try
        {
            return VectorManifest.Parse(index, File.ReadAllBytes(Path.Combine(_path, ManifestName)));
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

    /// <summary>Opens manifest and segments.</summary>
    /// <returns>Both; null when there are no vectors.</returns>
    public (VectorManifest Manifest, IReadOnlyList<VectorSegment> Segments, IReadOnlyDictionary<uint, int[]> Placements)? Open()
    {
        for (var attempt = 1; ; attempt++)
        {
            if (Read() is not { } manifest)
            {
                return null;
            }

            try
            {
                var segments = manifest.Segments.Select(file => Open(manifest, file)).ToList();
                var rows = segments.Sum(segment => segment.Rows);
                return (manifest, segments, manifest.Placements.ToDictionary(placement => placement.Segment, placement => Open(placement, rows)));
            }
            catch (FileNotFoundException) when (attempt < OpenAttempts)
            {
                // A writer swapped the manifest and removed old files between the two reads: read the new manifest.
            }
            catch (FileNotFoundException exception)
            {
                throw VectorManifest.Damaged(index, $"{Path.GetFileName(exception.FileName)} is missing");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw Unusable("read", exception);
            }
        }
    }

    /// <summary>Takes the writer's lock; the operating system releases it when the process ends, however that happens.</summary>
    /// <exception cref="AgentRagException">Another writer holds it, or the folder cannot be written.</exception>
    public IDisposable Lock()
    {
        try
        {
            Directory.CreateDirectory(_path);
            return new FileStream(Path.Combine(_path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (File.Exists(Path.Combine(_path, LockName)))
        {
            throw new AgentRagException($"The vectors of index '{index}' are being written by another run: wait until it ends.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable("written", exception);
        }
    }

    /// <summary>Writes a vector segment. The lock must be held.</summary>
    public VectorFile WriteSegment(VectorManifest manifest, IReadOnlyList<RowRange> ranges, CancellationToken cancellationToken) => Writing(() =>
    {
        using var file = Create("vectors");
        var checksum = VectorSegmentWriter.Write(file.Stream, manifest.Model, manifest.Layout, ranges, cancellationToken);
        file.Complete();
        return new VectorFile(file.Name, ranges.Sum(range => range.Count), checksum);
    });

    /// <summary>Opens a segment that the manifest names.</summary>
    public VectorSegment Open(VectorManifest manifest, VectorFile file)
    {
        // The names come out of a file: without this check they could point anywhere.
        if (!FileName().IsMatch(file.Name))
        {
            throw VectorManifest.Damaged(index, "vectors.json names no file of vectors");
        }

        var segment = VectorSegment.Open(index, Path.Combine(_path, file.Name));
        return segment.Checksum == file.Checksum && segment.Rows == file.Rows && segment.Layout == manifest.Layout && segment.Model == manifest.Model
            ? segment
            : throw segment.Damaged("is another one than vectors.json names");
    }

    /// <summary>Writes the rows of a segment's passages: int32 each, -1 for none. The lock must be held.</summary>
    public PlacementFile WritePlacement(uint segment, int[] rows) => Writing(() =>
    {
        var bytes = MemoryMarshal.AsBytes(rows.AsSpan());
        using var file = Create("rows");
        file.Stream.Write(bytes);
        file.Complete();
        return new PlacementFile(segment, file.Name, Checksum.Of(bytes));
    });

    /// <summary>Makes the manifest the state of the vectors in one step, and removes what it does not name. The lock must be held.</summary>
    public void Commit(VectorManifest manifest) => Writing(() =>
    {
        using (var file = new NewFile(_path, ManifestName, BeforeChange))
        {
            file.Stream.Write(manifest.ToUtf8());
            file.Complete();
        }

        Sweep(manifest);
        return true;
    });

    /// <summary>Removes leftovers of a killed writer, and what was replaced. The lock must be held.</summary>
    public void Sweep(VectorManifest manifest)
    {
        var keep = manifest.Segments.Select(file => file.Name).Concat(manifest.Placements.Select(file => file.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(_path))
        {
            var name = Path.GetFileName(path);
            if (name == ManifestName + ".tmp" || (AnyFile().IsMatch(name) && !keep.Contains(name)))
            {
                BeforeChange?.Invoke($"delete {name}");
                try
                {
                    File.Delete(path);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // A reader on Windows has it mapped; only space is lost, until the next run.
                }
            }
        }
    }

    /// <summary>Bytes of the vectors on disk.</summary>
    public long BytesOnDisk() => Directory.EnumerateFiles(_path).Sum(path => new FileInfo(path).Length);

    private int[] Open(PlacementFile placement, int rows)
    {
        if (!FileName().IsMatch(placement.Name))
        {
            throw VectorManifest.Damaged(index, "vectors.json names no file of vectors");
        }

        var bytes = File.ReadAllBytes(Path.Combine(_path, placement.Name));
        var placed = MemoryMarshal.Cast<byte, int>(bytes).ToArray();
        return Checksum.Of(bytes) == placement.Checksum && Array.TrueForAll(placed, row => row >= -1 && row < rows)
            ? placed
            : throw VectorManifest.Damaged(index, $"{placement.Name} does not fit its checksum");
    }

    private NewFile Create(string kind)
    {
        // Numbers go on from those of all files there are, half-written ones too.
        _lastNumber = Math.Max(_lastNumber, Directory.EnumerateFiles(_path)
            .Select(path => AnyFile().Match(Path.GetFileName(path)))
            .Where(match => match.Success)
            .Select(match => int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture))
            .DefaultIfEmpty(0)
            .Max());
        return new(_path, string.Create(CultureInfo.InvariantCulture, $"{kind}-{++_lastNumber:D6}.bin"), BeforeChange);
    }

    private T Writing<T>(Func<T> write)
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

    private AgentRagException Unusable(string verb, Exception exception) =>
        new($"The vectors of index '{index}' cannot be {verb}: {exception.Message}", exception);

    [GeneratedRegex(@"^(vectors|rows)-[0-9]{6,9}\.bin$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FileName();

    [GeneratedRegex(@"^(vectors|rows)-(?<number>[0-9]{6,9})\.bin(\.tmp)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AnyFile();
}
