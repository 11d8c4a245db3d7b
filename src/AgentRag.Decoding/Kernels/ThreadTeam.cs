namespace AgentRag.Decoding.Kernels;

/// <summary>Work that all threads of a team do together.</summary>
internal interface ITeamWork
{
    /// <summary>Runs on each thread of the team at once.</summary>
    /// <param name="thread">From 0; 0 is the caller.</param>
    void Execute(int thread);
}

/// <summary>A fixed number of threads that go through the same work, wait for each other, and share out pieces.</summary>
/// <remarks>Waiting spins first, since pieces are far shorter than the system's slices. One caller at a time. Allocates nothing while running.</remarks>
internal sealed class ThreadTeam : IDisposable
{
    private const int SpinsBeforeYield = 200;
    private const int SpinsBeforeSleep = 4_000;

    private readonly SemaphoreSlim[] _wake;
    private readonly Thread[] _threads;
    private volatile ITeamWork? _work;
    private volatile Exception? _fault;
    private volatile bool _isClosing;
    private int _runs;
    private int _arrived;
    private int _passed;

    public ThreadTeam(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
        _wake = [.. Enumerable.Range(1, size - 1).Select(_ => new SemaphoreSlim(0))];
        _threads = [.. Enumerable.Range(1, size - 1).Select(thread => new Thread(() => Serve(thread)) { IsBackground = true, Name = $"decoding {thread}" })];
        Array.ForEach(_threads, thread => thread.Start());
    }

    /// <summary>Threads, the caller's included.</summary>
    public int Size { get; }

    /// <summary>Runs the work on all threads and returns when all are through.</summary>
    public void Run(ITeamWork work)
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        (_work, _fault, _arrived) = (work, null, 0);
        Interlocked.Increment(ref _runs);
        foreach (var wake in _wake)
        {
            wake.Release();
        }

        try
        {
            work.Execute(0);
        }
        catch (Exception e)
        {
            _fault ??= e;
        }

        // Everyone arrives here, faults or not, so that no thread still works on buffers that the caller changes next.
        Join();
        if (_fault is { } fault)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        }
    }

    /// <summary>Waits until all threads have come here. What they wrote before is seen by all.</summary>
    /// <exception cref="InvalidOperationException">A thread failed and will not come.</exception>
    public void Meet()
    {
        if (Size == 1)
        {
            return;
        }

        var passed = Volatile.Read(ref _passed);
        if (Interlocked.Increment(ref _arrived) == Size)
        {
            _arrived = 0;
            Volatile.Write(ref _passed, passed + 1);
            return;
        }

        for (var spins = 0; Volatile.Read(ref _passed) == passed; spins++)
        {
            if (_fault is not null)
            {
                throw new InvalidOperationException("Another thread of the team failed.");
            }

            Spin(spins);
        }
    }

    public void Dispose()
    {
        if (!_isClosing)
        {
            _isClosing = true;
            Array.ForEach(_wake, wake => wake.Release());
            Array.ForEach(_threads, thread => thread.Join());
            Array.ForEach(_wake, wake => wake.Dispose());
        }
    }

    private static void Spin(int spins)
    {
        if (spins % SpinsBeforeYield == SpinsBeforeYield - 1)
        {
            Thread.Yield();
        }
        else
        {
            Thread.SpinWait(8);
        }
    }

    private int _finished;

    private void Join()
    {
        if (Size == 1)
        {
            return;
        }

        var target = Volatile.Read(ref _runs) * (Size - 1);
        for (var spins = 0; Volatile.Read(ref _finished) < target; spins++)
        {
            Spin(spins);
        }
    }

    private void Serve(int thread)
    {
        var done = 0;
        while (true)
        {
            // A new run mostly follows at once: look for it before sleeping.
            for (var spins = 0; spins < SpinsBeforeSleep && Volatile.Read(ref _runs) == done && !_isClosing; spins++)
            {
                Thread.SpinWait(8);
            }

            _wake[thread - 1].Wait();
            if (_isClosing)
            {
                return;
            }

            done++;
            try
            {
                _work!.Execute(thread);
            }
            catch (Exception e)
            {
                _fault ??= e;
            }

            Interlocked.Increment(ref _finished);
        }
    }
}
