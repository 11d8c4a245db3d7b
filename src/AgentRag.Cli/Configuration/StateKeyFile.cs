using System.Security.Cryptography;

namespace AgentRag.Cli.Configuration;

/// <summary>The key that seals what callers hand back, one per user: a server that is started anew takes the states of the one before.</summary>
internal static class StateKeyFile
{
    private const int KeyBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The file of this user.</summary>
    public static string DefaultPath => StateFolder.Key;

    /// <summary>Reads the key, or makes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warn">Told when there can be no such file: the key then lives as long as the process.</param>
    public static byte[] LoadOrCreate(string path, Action<string> warn)
    {
        try
        {
            if (!File.Exists(path))
            {
                Create(path);
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != UnixFileMode.None)
            {
                warn($"'{path}' can be read by others and is not used: remove it, and the next start makes a new one.");
                return RandomNumberGenerator.GetBytes(KeyBytes);
            }

            var key = File.ReadAllBytes(path);
            return key.Length == KeyBytes ? key : throw new IOException($"it has {key.Length} bytes instead of {KeyBytes}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"'{path}' cannot be used, so a question cannot be gone on with after a restart: {e.Message}");
            return RandomNumberGenerator.GetBytes(KeyBytes);
        }
    }

    private static void Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // Written aside and moved: of two servers that start together, both use the key that was there first.
        var aside = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var file = new FileStream(aside, options))
        {
            file.Write(RandomNumberGenerator.GetBytes(KeyBytes));
        }

        try
        {
            File.Move(aside, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside);
        }
    }
}
