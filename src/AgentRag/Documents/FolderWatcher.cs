using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace AgentRag.Documents;

/// <summary>Watches folders and files and tells when documents below them have changed.</summary>
/// <remarks>Use it to keep an index current: run the indexer once, then once more for every batch. Changes during a run are in the next batch.</remarks>
public sealed class FolderWatcher
{
    private static readonly TimeSpan PollIntervalWithoutNotifications = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<string> _roots;
    private readonly DocumentReaders _readers;
    private readonly DocumentFolderOptions _folderOptions;
    private readonly FolderWatcherOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Makes a watcher; it watches while somebody enumerates.</summary>
    /// <param name="roots">Folders and files, as the user named them.</param>
    /// <param name="readers">Decide which files are documents.</param>
    /// <param name="folderOptions">Which files are looked at; null for the defaults.</param>
    /// <param name="options">How changes are noticed; null for the defaults.</param>
    /// <param name="time">Measures quiet and polls; null for the system's clock.</param>
    /// <exception cref="AgentRagException">A root does not exist, or an option is out of range.</exception>
    public FolderWatcher(
        IReadOnlyList<string> roots,
        DocumentReaders readers,
        DocumentFolderOptions? folderOptions = null,
        FolderWatcherOptions? options = null,
        TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(roots);
        ArgumentNullException.ThrowIfNull(readers);
        _roots = [.. roots.Select(root => RealPath.Of(root) ?? throw new AgentRagException($"'{root}' does not exist: give a file or a folder."))];
        (_readers, _folderOptions, _options) = (readers, (folderOptions ?? new()).Validated(), (options ?? new()).Validated());
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Watches until cancelled.</summary>
    /// <param name="cancellationToken">Ends the watching.</param>
    /// <returns>Batches of changes, each when nothing has changed any more for a while; never an empty one.</returns>
    /// <exception cref="OperationCanceledException">The watching was ended.</exception>
    public async IAsyncEnumerable<FolderChanges> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var changes = Channel.CreateUnbounded<string?>(new() { SingleReader = true });
        using var polling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watchers = _options.PollInterval is null ? Watchers(changes.Writer) : null;
        var poll = watchers is null ? PollAsync(changes.Writer, Snapshot(), polling.Token) : Task.CompletedTask;
        try
        {
            while (true)
            {
                var batch = await BatchAsync(changes.Reader, cancellationToken).ConfigureAwait(false);
                if (batch.Paths.Count > 0 || batch.MayHaveMore)
                {
                    yield return batch;
                }
            }
        }
        finally
        {
            watchers?.ForEach(watcher => watcher.Dispose());
            await polling.CancelAsync().ConfigureAwait(false);
            await poll.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Collects changes until there are none for a while.</summary>
    private async Task<FolderChanges> BatchAsync(ChannelReader<string?> changes, CancellationToken cancellationToken)
    {
        SortedSet<string> paths = new(StringComparer.Ordinal);
        var mayHaveMore = false;
        var first = await changes.ReadAsync(cancellationToken).ConfigureAwait(false);
        var start = _time.GetTimestamp();
        Add(first);
        bool isQuiet;
        do
        {
            isQuiet = await IsQuietAsync(changes, cancellationToken).ConfigureAwait(false);
            while (changes.TryRead(out var change))
            {
                Add(change);
            }
        }
        while (!isQuiet && _time.GetElapsedTime(start) < _options.MaxDelay);
        return new([.. paths], mayHaveMore);

        void Add(string? change)
        {
            mayHaveMore |= change is null;
            if (change is not null)
            {
                paths.Add(change);
            }
        }
    }

    private async Task<bool> IsQuietAsync(ChannelReader<string?> changes, CancellationToken cancellationToken)
    {
        using var quiet = new CancellationTokenSource(_options.QuietTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(quiet.Token, cancellationToken);
        try
        {
            await changes.WaitToReadAsync(either.Token).ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }
    }

    /// <summary>Asks the system for notifications.</summary>
    /// <returns>The watchers, or null when the system gives none: it has few of them, and some drives have none.</returns>
    private List<FileSystemWatcher>? Watchers(ChannelWriter<string?> changes)
    {
        List<FileSystemWatcher> watchers = [];
        try
        {
            foreach (var root in _roots)
            {
                var isFolder = Directory.Exists(root);
                var watcher = isFolder ? new FileSystemWatcher(root) { IncludeSubdirectories = true } : new(Path.GetDirectoryName(root)!, Path.GetFileName(root));
                watchers.Add(watcher);
                watcher.InternalBufferSize = 1 << 16;
                watcher.NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size;
                watcher.Created += (_, change) => Write(root, change.FullPath);
                watcher.Changed += (_, change) => Write(root, change.FullPath, isContent: true);
                watcher.Deleted += (_, change) => Write(root, change.FullPath);
                watcher.Renamed += (_, change) =>
                {
                    Write(root, change.OldFullPath);
                    Write(root, change.FullPath);
                };
                watcher.Error += (_, _) => changes.TryWrite(null);
                watcher.EnableRaisingEvents = true;
            }

            return watchers;
        }
        catch (IOException)
        {
            watchers.ForEach(watcher => watcher.Dispose());
            return null;
        }

        void Write(string root, string path, bool isContent = false)
        {
            if (Matters(root, path, isContent))
            {
                changes.TryWrite(path);
            }
        }
    }

    /// <summary>Whether a change may concern documents: not in hidden folders, such as the index itself, and not in files of other kinds.</summary>
    private bool Matters(string root, string path, bool isContent)
    {
        var names = Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar);
        if (root != path && names.SkipLast(1).Any(IsHidden))
        {
            return false;
        }

        // What is made or gone and is no file may have been a folder of documents; a folder's own time of change says nothing that its files do not say.
        return names[^1] is ".gitignore" || (!IsHidden(names[^1]) && (_readers.For(path) is not null || (!isContent && !File.Exists(path))));

        static bool IsHidden(string name) => name is "node_modules" || (name.StartsWith('.') && name is not ("." or ".."));
    }

    private async Task PollAsync(ChannelWriter<string?> changes, Dictionary<string, (long, DateTime)> before, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.PollInterval ?? PollIntervalWithoutNotifications, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            var now = Snapshot();
            foreach (var path in before.Keys.Union(now.Keys, StringComparer.Ordinal))
            {
                if (!before.TryGetValue(path, out var old) || !now.TryGetValue(path, out var current) || old != current)
                {
                    changes.TryWrite(path);
                }
            }

            before = now;
        }
    }

    private Dictionary<string, (long Bytes, DateTime Written)> Snapshot() =>
        DocumentFolder.Find([.. _roots.Where(Path.Exists)], _readers, _folderOptions).Files
            .Select(file => new FileInfo(file.FullPath))
            .Where(file => file.Exists)
            .ToDictionary(file => file.FullName, file => (file.Length, file.LastWriteTimeUtc), StringComparer.Ordinal);
}
