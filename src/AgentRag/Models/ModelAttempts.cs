namespace AgentRag.Models;

/// <summary>The attempts of one request so far.</summary>
internal sealed class ModelAttempts(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public int Count { get; private set; }

    public Exception? LastFault { get; private set; }

    /// <summary>Whether all attempts that failed got the same status, or none.</summary>
    public bool AreAlike { get; private set; } = true;

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public void Begin() => Count++;

    public void Failed(Exception fault)
    {
        AreAlike &= LastFault is null || (LastFault as ModelHttpException)?.Status == (fault as ModelHttpException)?.Status;
        LastFault = fault;
    }
}
