namespace AgentRag.Cli;

/// <summary>What the process says to the script that started it; listed in <c>agentrag --help</c>.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A fault of the program itself.</summary>
    public const int Internal = 1;

    /// <summary>Something the user can mend: a wrong flag, a missing file, an unreachable model.</summary>
    public const int User = 2;

    /// <summary>The run ended, but some of its questions failed; each says so in its own line.</summary>
    public const int SomeFailed = 3;

    /// <summary>Ctrl-C, as shells count it: 128 + SIGINT.</summary>
    public const int Cancelled = 130;
}
