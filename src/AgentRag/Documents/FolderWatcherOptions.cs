namespace AgentRag.Documents;

/// <summary>How changes in folders are noticed.</summary>
public sealed record FolderWatcherOptions
{
    /// <summary>How long nothing may change before the changes are passed on. Default 500 ms: an editor writes a file in several steps.</summary>
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long changes are held back at most, however busy the folder is. Default 10 s.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often the folders are searched instead of waiting for the system's notifications. Default null: notifications. Network drives and some
    /// containers send none.
    /// </summary>
    public TimeSpan? PollInterval { get; init; }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public FolderWatcherOptions Validated()
    {
        List<string> problems = [];
        Require(QuietTime > TimeSpan.Zero, $"QuietTime is {QuietTime}, must be more than 0");
        Require(MaxDelay >= QuietTime, $"MaxDelay is {MaxDelay}, must be at least QuietTime");
        Require(PollInterval is null || PollInterval > TimeSpan.Zero, $"PollInterval is {PollInterval}, must be more than 0");
        return problems.Count == 0 ? this : throw new AgentRagException($"Folder watcher: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
