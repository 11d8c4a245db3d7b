using AgentRag.Documents;

namespace AgentRag.Evaluation.Runs;

/// <summary>A run, open for adding results. Killed anywhere, nothing that was added is lost, and nothing is there twice.</summary>
/// <remarks>
/// A passage is written before the record that names it. Lines are the operating system's when they are added (the end of the process loses none) and on the disk
/// every five seconds and at the end (the end of the machine loses at most those seconds). Safe for concurrent use.
/// </remarks>
public sealed class RunWriter : IDisposable
{
    private static readonly TimeSpan SyncEvery = TimeSpan.FromSeconds(5);

    private readonly FileStream _lockFile;
    private readonly RunLog _log;
    private readonly RunLog _passageLog;
    private readonly RunLog _judgementLog;
    private readonly TimeProvider _time;
    private readonly Lock _recordLock = new();
    private readonly Lock _passageLock = new();
    private readonly Dictionary<string, int> _numberOfPassage = new(StringComparer.Ordinal);
    private long _syncedAt;

    private RunWriter(RunFiles files, RunManifest manifest, FileStream lockFile, TimeProvider time)
    {
        (Files, Manifest, _lockFile, _time) = (files, manifest, lockFile, time);
        _log = RunLog.Open(files.Log);
        _passageLog = RunLog.Open(files.Passages);
        _judgementLog = RunLog.Open(files.Judgements);
        foreach (var passage in RunLog.Read<RunPassage>(files.Passages))
        {
            _numberOfPassage.TryAdd(passage.Id, _numberOfPassage.Count);
        }

        _syncedAt = time.GetTimestamp();
    }

    /// <summary>What the run is about.</summary>
    public RunManifest Manifest { get; }

    internal RunFiles Files { get; }

    /// <summary>Begins a run, or goes on with one.</summary>
    /// <param name="directory">The run's folder; made when it is not there.</param>
    /// <param name="manifest">What the run is about; for a run that is there already, it must have the same fingerprint.</param>
    /// <param name="questions">All questions of the data set, whether the run asks them all or not.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AgentRagException">The run there was made with something else (each difference is named), or another process is writing it.</exception>
    public static RunWriter Open(string directory, RunManifest manifest, IReadOnlyList<LabelledQuestion> questions, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(time);
        var files = new RunFiles(directory);
        FileStream? lockFile = null;
        try
        {
            lockFile = Lock(files);
            if (files.ReadManifest() is { } there)
            {
                if (there.Fingerprints.DifferencesTo(manifest.Fingerprints) is { Count: > 0 } differences)
                {
                    throw new AgentRagException(
                        $"Run '{directory}' was made with something else ({string.Join("; ", differences)}): go back to that, or start another run with --run DIR.");
                }

                return new RunWriter(files, there, lockFile, time);
            }

            files.Begin(manifest, questions);
            return new RunWriter(files, manifest, lockFile, time);
        }
        catch (Exception e)
        {
            lockFile?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new AgentRagException($"Run '{directory}' cannot be written: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>Opens a run for judging: nothing is answered.</summary>
    /// <param name="directory">The run's folder.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AgentRagException">There is no run, or another process is writing it.</exception>
    public static RunWriter Reopen(string directory, TimeProvider time)
    {
        var reader = RunReader.Open(directory);
        return Open(directory, reader.Manifest, reader.Questions, time);
    }

    /// <summary>Adds a record.</summary>
    /// <param name="record">The record; its passages have numbers already.</param>
    internal void Add(RunRecord record)
    {
        lock (_recordLock)
        {
            _log.Append(record);
            if (_time.GetElapsedTime(_syncedAt) >= SyncEvery)
            {
                Sync();
                _syncedAt = _time.GetTimestamp();
            }
        }
    }

    /// <summary>Adds what a judge said.</summary>
    internal void Add(Judgement judgement) => _judgementLog.Append(judgement);

    /// <summary>The number of a passage; one that is new is written first.</summary>
    internal int NumberOf(Passage passage)
    {
        lock (_passageLock)
        {
            if (!_numberOfPassage.TryGetValue(passage.Id, out var number))
            {
                number = _numberOfPassage.Count;
                _passageLog.Append(new RunPassage(
                    passage.Id, passage.DocumentId, string.Join(" > ", [passage.Title, .. passage.HeadingPath]), passage.Source, passage.Text));
                _numberOfPassage.Add(passage.Id, number);
            }

            return number;
        }
    }

    /// <summary>Brings everything to the disk and closes the run.</summary>
    public void Dispose()
    {
        Sync();
        _log.Dispose();
        _passageLog.Dispose();
        _judgementLog.Dispose();
        _lockFile.Dispose();
    }

    // Passages first, and no record in between: a record on the disk never names a passage that is not.
    private void Sync()
    {
        lock (_recordLock)
        {
            _passageLog.Sync();
            _log.Sync();
            _judgementLog.Sync();
        }
    }

    private static FileStream Lock(RunFiles files)
    {
        Directory.CreateDirectory(files.Directory);
        try
        {
            return new FileStream(files.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(files.LockFile))
        {
            throw new AgentRagException($"Run '{files.Directory}' is being written by another process: wait until it ends, or start another run with --run DIR.", e);
        }
    }
}
