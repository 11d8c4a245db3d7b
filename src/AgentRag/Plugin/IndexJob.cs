using AgentRag.Indexing;

namespace AgentRag.Plugin;

/// <summary>An index run in the background of a program that serves tools: started, looked at, never twice at a time.</summary>
/// <remarks>
/// What is indexed was decided when the job was made; no caller of a tool can add a path. Nothing of it needs to outlive the process: a run that is killed
/// leaves the index as it was. Safe for concurrent use.
/// </remarks>
/// <param name="run">Indexes; it is told to end when the job is disposed.</param>
public sealed class IndexJob(Func<IProgress<IndexProgress>, CancellationToken, Task<IndexResult>> run) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _ending = new();
    private Task<IndexResult>? _run;
    private (Task Work, CancellationTokenSource Ending)? _afterwards;
    private IndexProgress? _progress;
    private string _remark = "";

    /// <summary>
    /// What follows each run that ended well, such as embedding: the next run ends it before it begins. It is told the run's result and tells how far it is, what
    /// it has done or what it could not do: the status's remark. Null for nothing.
    /// </summary>
    public Func<IndexResult, IProgress<string>, CancellationToken, Task>? Afterwards { get; init; }

    /// <summary>Whether a run is over only when <see cref="Afterwards"/> is. Default false: nobody waits for it.</summary>
    public bool WaitsForAfterwards { get; init; }

    /// <summary>Where the job stands.</summary>
    public IndexJobStatus Status
    {
        get
        {
            lock (_lock)
            {
                return _run switch
                {
                    null => new IndexJobStatus(IndexJobState.NotStarted, null, null, null),
                    { IsCompletedSuccessfully: true } => new IndexJobStatus(IndexJobState.Finished, _progress, _run.Result, null) { Remark = _remark },
                    { IsCompleted: false } => new IndexJobStatus(IndexJobState.Running, _progress, null, null),
                    { Exception.InnerException: AgentRagException fault } => new IndexJobStatus(IndexJobState.Failed, _progress, null, fault.Message),
                    _ => new IndexJobStatus(IndexJobState.Failed, _progress, null, "the run broke off; the index is as it was"),
                };
            }
        }
    }

    /// <summary>Starts a run unless one is under way.</summary>
    /// <returns>The run under way; it ends with what was done, or as the run ended.</returns>
    public Task<IndexResult> Start()
    {
        lock (_lock)
        {
            if (_run is null or { IsCompleted: true })
            {
                (_progress, _remark) = (null, "");
                _run = Task.Run(RunAsync, CancellationToken.None);
            }

            return _run;
        }
    }

    /// <summary>Makes sure that one run has ended well, and waits for it.</summary>
    /// <param name="cancellationToken">Ends the waiting; the run goes on.</param>
    /// <exception cref="AgentRagException">The run failed; the next call starts another.</exception>
    public Task EnsureAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return (_run is { IsCompletedSuccessfully: true } ? _run : Start()).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends the run under way and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        if (_run is { } running)
        {
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await EndAfterwardsAsync().ConfigureAwait(false);
        _ending.Dispose();
    }

    private async Task<IndexResult> RunAsync()
    {
        await EndAfterwardsAsync().ConfigureAwait(false);
        var result = await run(new Latest<IndexProgress>(this, progress => _progress = progress), _ending.Token).ConfigureAwait(false);
        if (Afterwards is { } afterwards)
        {
            var ending = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            var remark = new Latest<string>(this, remark => _remark = remark);
            var work = Task.Run(() => afterwards(result, remark, ending.Token), CancellationToken.None);
            _afterwards = (work, ending);
            await (WaitsForAfterwards ? work : Task.CompletedTask).ConfigureAwait(false);
        }

        return result;
    }

    // Only a run and the end of the job come here, one after the other.
    private async Task EndAfterwardsAsync()
    {
        if (_afterwards is not { } under)
        {
            return;
        }

        _afterwards = null;
        await under.Ending.CancelAsync().ConfigureAwait(false);
        await under.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        under.Ending.Dispose();
        lock (_lock)
        {
            _remark = "";
        }
    }

    private sealed class Latest<T>(IndexJob job, Action<T> set) : IProgress<T>
    {
        public void Report(T value)
        {
            lock (job._lock)
            {
                set(value);
            }
        }
    }
}

/// <summary>Where an index job stands.</summary>
/// <param name="State">Whether it runs, and how it ended.</param>
/// <param name="Progress">How far the last run came; null before its first report.</param>
/// <param name="Result">What the last run has done; null unless it finished.</param>
/// <param name="Fault">Why the last run failed; null unless it did.</param>
public sealed record IndexJobStatus(IndexJobState State, IndexProgress? Progress, IndexResult? Result, string? Fault)
{
    /// <summary>What the last run has to say beside its result; empty unless it finished and had something to say.</summary>
    public string Remark { get; init; } = "";
}

/// <summary>Whether an index job runs, and how it ended.</summary>
public enum IndexJobState
{
    /// <summary>No run was started since the program started.</summary>
    NotStarted,

    /// <summary>A run is under way.</summary>
    Running,

    /// <summary>The last run ended well.</summary>
    Finished,

    /// <summary>The last run failed; the index is as it was before.</summary>
    Failed,
}
