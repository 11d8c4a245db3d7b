namespace AgentRag.Retrieval.Remote;

/// <summary>How patiently a server that takes part in retrieval is asked.</summary>
public sealed record RemoteRequestOptions
{
    /// <summary>Longest time for one attempt. Default 60 s. Not retried.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest time for a request with its retries; longer than one attempt. Default 5 min.</summary>
    public TimeSpan OverallTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Attempts after the first, in [0, 20], on status 408, 429, 5xx and lost connections. Default 4.</summary>
    public int MaxRetries { get; init; } = 4;

    /// <summary>Mean wait before the first retry; it doubles from retry to retry, with jitter. Default 500 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait before a retry. A server that asks for more by <c>Retry-After</c> is not asked again. Default 30 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Seed of the jitter of the waits. Default 0. It has no influence on any result.</summary>
    public int JitterSeed { get; init; }

    /// <summary>What is out of range; empty when all is well.</summary>
    internal IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        Require(InRange(AttemptTimeout), $"AttemptTimeout is {AttemptTimeout}, must be in [10 ms, 24 h]");
        Require(
            InRange(OverallTimeout) && OverallTimeout > AttemptTimeout,
            $"OverallTimeout is {OverallTimeout}, must be longer than AttemptTimeout ({AttemptTimeout}) and at most 24 h");
        Require(MaxRetries is >= 0 and <= 20, $"MaxRetries is {MaxRetries}, must be in [0, 20]");
        Require(
            MaxRetryDelay > TimeSpan.Zero && MaxRetryDelay <= TimeSpan.FromHours(24), $"MaxRetryDelay is {MaxRetryDelay}, must be in (0, 24 h]");
        Require(
            RetryDelay > TimeSpan.Zero && RetryDelay <= MaxRetryDelay, $"RetryDelay is {RetryDelay}, must be in (0, MaxRetryDelay = {MaxRetryDelay}]");
        return problems;

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);

        static bool InRange(TimeSpan time) => time >= TimeSpan.FromMilliseconds(10) && time <= TimeSpan.FromHours(24);
    }
}
