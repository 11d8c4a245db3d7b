namespace AgentRag.Answering;

/// <summary>Ends a wait when the time is over; the caller's own cancellation is told apart from it.</summary>
internal sealed class WaitDeadline : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource? _timer;
    private readonly CancellationTokenSource? _either;

    public WaitDeadline(TimeSpan? left, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        if (left is { } wait)
        {
            _timer = new CancellationTokenSource(wait, time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(caller, _timer.Token);
        }
    }

    public CancellationToken Token => _either?.Token ?? _caller;

    public bool HasPassed => _timer is { IsCancellationRequested: true } && !_caller.IsCancellationRequested;

    public void Dispose()
    {
        _either?.Dispose();
        _timer?.Dispose();
    }
}
