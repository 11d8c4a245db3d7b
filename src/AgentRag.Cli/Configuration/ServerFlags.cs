namespace AgentRag.Cli.Configuration;

/// <summary>The settings in effect, as flags for a server that others start: without this folder's file, this shell's variables and this working directory.</summary>
internal static class ServerFlags
{
    /// <summary>The flags of the settings that some source gives a value.</summary>
    /// <param name="sources">Where the settings come from.</param>
    /// <param name="keys">The settings.</param>
    /// <exception cref="AgentRagException">A value holds a secret, which is written nowhere.</exception>
    public static IReadOnlyList<string> Of(SettingSources sources, IEnumerable<SettingKey> keys)
    {
        List<string> flags = [];
        foreach (var key in keys)
        {
            if (sources.Find(key) is { } found)
            {
                flags.AddRange([key.Option.Name, WithoutSecret(found, InFull(key, found.Value))]);
            }
        }

        return flags;
    }

    private static string InFull(SettingKey key, string value) => key.FromFolder is { } fromFolder ? fromFolder(Environment.CurrentDirectory, value) : value;

    private static string WithoutSecret(Setting<string> found, string value) => Uri.TryCreate(value, UriKind.Absolute, out var url) && SettingText.MayHoldSecret(url)
        ? throw new AgentRagException(
            $"{found.Source} holds a user name, password or query, which is written into no file (of queries, api-version alone is): leave it out, and give the client the variable of the key instead.")
        : value;
}
