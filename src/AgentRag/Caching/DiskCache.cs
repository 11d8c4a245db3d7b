using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Distributed;

namespace AgentRag.Caching;

/// <summary>A cache in a folder, bounded in size, for several processes at once.</summary>
/// <remarks>
/// <para>
/// An entry is a file <c>ab/REST.entry</c>, named by the SHA-256 of its key, written beside its place and renamed into it: a reader sees the old one, the new
/// one or none. What does not fit its checksum is a miss and is removed. When the bound would be exceeded, the entries that were used longest ago go, down to
/// nine tenths of it. Each process counts what it writes itself and looks at the folder again after a sixteenth of the bound: that much each of several processes
/// may exceed it for a while.
/// </para>
/// <para>
/// A disk that is full or a file that is held by somebody is a miss too, never a fault of what is being answered. On Unix the folder and its files are
/// readable by their owner alone, as they hold texts of documents. Safe for concurrent use.
/// </para>
/// </remarks>
public sealed class DiskCache : IDistributedCache
{
    private const string MarkerName = "agentrag-cache.json";
    private const string Marker = "{\"format\":\"agentrag-cache\",\"formatVersion\":1}\n";
    private const string LockName = "evict.lock";
    private const string EntryPattern = "*.entry";
    private const string UnfinishedPattern = "*.unfinished";

    // How exactly the last use is known; touching the file at every hit would cost more than reading it.
    private static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UnfinishedLifetime = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly DiskCacheOptions _options;
    private readonly TimeProvider _time;
    private long? _bytes;
    private long _writtenSinceLook;

    private DiskCache(string directory, DiskCacheOptions options, TimeProvider time) => (Folder, _options, _time) = (directory, options, time);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Opens a cache, or begins one.</summary>
    /// <param name="directory">The folder; made when it is not there.</param>
    /// <param name="options">Bounds; null for the defaults.</param>
    /// <param name="time">The clock of expiry and last use; null for the system's.</param>
    /// <exception cref="AgentRagException">The folder holds something else, or cannot be made.</exception>
    public static DiskCache Open(string directory, DiskCacheOptions? options = null, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var full = Path.GetFullPath(directory);
        try
        {
            MakeFolder(full);
            var marker = Path.Combine(full, MarkerName);
            if (!File.Exists(marker))
            {
                if (Directory.EnumerateFileSystemEntries(full).Any(path => !path.EndsWith(".unfinished", StringComparison.Ordinal) && Path.GetFileName(path) != MarkerName))
                {
                    throw new AgentRagException($"'{directory}' is not empty and is no cache of agentrag: name another folder with --cache DIR.");
                }

                Write(marker, Encoding.UTF8.GetBytes(Marker));
            }
            else if (File.ReadAllText(marker) != Marker)
            {
                throw new AgentRagException($"'{directory}' is a cache of another version of agentrag: remove the folder, or name another with --cache DIR.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"The cache '{directory}' cannot be used: {e.Message}", e);
        }

        return new DiskCache(full, (options ?? new()).Validated(), time ?? TimeProvider.System);
    }

    /// <summary>Whether a folder is a cache.</summary>
    /// <param name="directory">Any path.</param>
    public static bool IsCache(string directory) => File.Exists(Path.Combine(directory, MarkerName));

    /// <inheritdoc/>
    public byte[]? Get(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var path = PathOf(key);
        try
        {
            var bytes = Read(path);
            var (entry, now, used) = (DiskCacheEntry.Parse(bytes), _time.GetUtcNow().UtcDateTime, File.GetLastWriteTimeUtc(path));
            if (entry is null || entry.Key != key || IsExpired(entry, now, used))
            {
                File.Delete(path);
                return null;
            }

            if (now - used > (entry.SlidingTicks > 0 ? TimeSpan.FromTicks(Math.Min(TouchInterval.Ticks, entry.SlidingTicks / 10)) : TouchInterval))
            {
                File.SetLastWriteTimeUtc(path, now);
            }

            return entry.Value;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not there, or taken away while it was read.
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        return Task.FromResult(Get(key));
    }

    /// <inheritdoc/>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(options);
        var now = _time.GetUtcNow();
        var expires = options.AbsoluteExpirationRelativeToNow is { } lifetime ? now + lifetime : options.AbsoluteExpiration;
        var bytes = new DiskCacheEntry(key, value, expires?.UtcTicks ?? 0, options.SlidingExpiration?.Ticks ?? 0).ToBytes();
        try
        {
            if (bytes.Length > _options.MaxBytes / 16 || !MakeRoom(bytes.Length))
            {
                File.Delete(PathOf(key));
                return;
            }

            var path = PathOf(key);
            MakeFolder(Path.GetDirectoryName(path)!);
            Write(path, bytes);
            File.SetLastWriteTimeUtc(path, now.UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing is lost but the time to work it out again.
        }
    }

    /// <inheritdoc/>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        Set(key, value, options);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Refresh(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            if (Get(key) is not null)
            {
                File.SetLastWriteTimeUtc(PathOf(key), _time.GetUtcNow().UtcDateTime);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone meanwhile.
        }
    }

    /// <inheritdoc/>
    public Task RefreshAsync(string key, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        Refresh(key);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The entry is there and cannot be removed.</exception>
    public void Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Delete(PathOf(key));
    }

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The entry is there and cannot be removed.</exception>
    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        Remove(key);
        return Task.CompletedTask;
    }

    /// <summary>Looks at all entries.</summary>
    public DiskCacheContent Describe()
    {
        var entries = Entries().Select(file => (File: file, Kind: KindOf(file))).ToList();
        return new DiskCacheContent(
            [
                .. entries.Where(entry => entry.Kind is not null).GroupBy(entry => entry.Kind!, StringComparer.Ordinal).OrderBy(kind => kind.Key, StringComparer.Ordinal)
                    .Select(kind => new DiskCacheKind(
                        kind.Key, kind.Count(), kind.Sum(entry => entry.File.Bytes), new DateTimeOffset(kind.Max(entry => entry.File.Used), TimeSpan.Zero))),
            ],
            entries.Count(entry => entry.Kind is null));
    }

    /// <summary>Removes entries.</summary>
    /// <param name="kind">Only those of this kind; null for all.</param>
    /// <returns>How many were removed.</returns>
    /// <exception cref="AgentRagException">An entry cannot be removed.</exception>
    public int Clear(string? kind = null)
    {
        var removed = 0;
        foreach (var entry in Entries().Where(entry => kind is null || KindOf(entry) == kind).ToList())
        {
            Delete(entry.Path);
            removed++;
        }

        lock (_lock)
        {
            _bytes = null;
        }

        return removed;
    }

    private static bool IsExpired(DiskCacheEntry entry, DateTime now, DateTime used) =>
        (entry.ExpiresAtTicks > 0 && now.Ticks >= entry.ExpiresAtTicks) || (entry.SlidingTicks > 0 && now - used >= TimeSpan.FromTicks(entry.SlidingTicks));

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static void Write(string path, byte[] bytes)
    {
        var unfinished = Path.Combine(Path.GetDirectoryName(path)!, $"{Path.GetRandomFileName()}.unfinished");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var file = new FileStream(unfinished, options))
            {
                file.Write(bytes);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static byte[] Read(string path)
    {
        // A reader must not stop a writer from renaming over the file, nor another from removing it.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static string? KindOf((string Path, long Bytes, DateTime Used) entry)
    {
        try
        {
            using var file = new FileStream(entry.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return DiskCacheEntry.ReadKey(file) is { } key ? CacheKey.KindOf(key) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Then the entry is not there either.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"The cache entry '{path}' cannot be removed: {e.Message}", e);
        }
    }

    private string PathOf(string key)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        return Path.Combine(Folder, name[..2], $"{name[2..]}.entry");
    }

    private IEnumerable<(string Path, long Bytes, DateTime Used)> Entries() => Directory.EnumerateDirectories(Folder, "??")
        .SelectMany(folder => new DirectoryInfo(folder).EnumerateFiles(EntryPattern))
        .Select(file => (file.FullName, file.Length, file.LastWriteTimeUtc));

    /// <summary>Sees to it that an entry finds room.</summary>
    /// <returns>False when there is none now, as another process is making it.</returns>
    private bool MakeRoom(long bytes)
    {
        lock (_lock)
        {
            if (_bytes is null || _bytes + bytes > _options.MaxBytes || _writtenSinceLook > _options.MaxBytes / 16)
            {
                if (!Evict(bytes))
                {
                    return false;
                }

                _writtenSinceLook = 0;
            }

            (_bytes, _writtenSinceLook) = (_bytes + bytes, _writtenSinceLook + bytes);
            return true;
        }
    }

    private bool Evict(long wanted)
    {
        var entries = Entries().ToList();
        _bytes = entries.Sum(entry => entry.Bytes);
        if (_bytes + wanted <= _options.MaxBytes)
        {
            return true;
        }

        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(Folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return false;
        }

        using (held)
        {
            foreach (var entry in entries.OrderBy(entry => entry.Used).TakeWhile(_ => _bytes + wanted > _options.MaxBytes / 10 * 9))
            {
                File.Delete(entry.Path);
                _bytes -= entry.Bytes;
            }

            // What a killed process has left.
            var old = _time.GetUtcNow().UtcDateTime - UnfinishedLifetime;
            foreach (var file in Directory.EnumerateDirectories(Folder, "??").SelectMany(folder => Directory.EnumerateFiles(folder, UnfinishedPattern)).Where(file => File.GetLastWriteTimeUtc(file) < old))
            {
                File.Delete(file);
            }
        }

        return _bytes + wanted <= _options.MaxBytes;
    }
}
