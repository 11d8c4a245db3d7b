namespace AgentRag.Http;

/// <summary>How many calls run at the same time. As many again may wait; more are refused, so that a flood ends here.</summary>
/// <param name="calls">Calls at the same time, ≥ 1.</param>
internal sealed class CallGate(int calls) : IDisposable
{
    private readonly SemaphoreSlim _running = new(calls, calls);
    private int _inside;

    /// <summary>Waits for a turn.</summary>
    /// <returns>The turn, to be disposed; null when too many wait already.</returns>
    public async Task<IDisposable?> EnterAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _inside) > 2 * calls)
        {
            Interlocked.Decrement(ref _inside);
            return null;
        }

        try
        {
            await _running.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new Turn(this);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Decrement(ref _inside);
            throw;
        }
    }

    public void Dispose() => _running.Dispose();

    private sealed class Turn(CallGate gate) : IDisposable
    {
        public void Dispose()
        {
            gate._running.Release();
            Interlocked.Decrement(ref gate._inside);
        }
    }
}
