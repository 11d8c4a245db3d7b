namespace AgentRag.Indexing.Vectors;

/// <summary>Spaces requests evenly, so that a minute never holds more than allowed.</summary>
/// <param name="requestsPerMinute">The limit; null for none.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestPacer(int? requestsPerMinute, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _next;

    /// <summary>Waits until the next request may begin.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        if (requestsPerMinute is not { } limit)
        {
            return Task.CompletedTask;
        }

        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetElapsedTime(_start);
            var begin = _next > now ? _next : now;
            _next = begin + (TimeSpan.FromMinutes(1) / limit);
            wait = begin - now;
        }

        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellationToken) : Task.CompletedTask;
    }
}
