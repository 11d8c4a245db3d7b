namespace AgentRag.Cli.Configuration;

/// <summary>The folder in which the program keeps what it learns and makes for itself, one per user.</summary>
internal static class StateFolder
{
    /// <summary>The key that seals states of questions.</summary>
    public static string Key => Below("state.key");

    /// <summary>The folder of what models' reports have taught about counting their tokens.</summary>
    public static string Calibrations => Below("token-calibrations");

    private static string Below(string name) => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state ? state
            // Not verified: a folder that does not exist would make the path one of the working directory.
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".local", "state"),
        "agentrag",
        name);
}
