namespace AgentRag.Documents;

/// <summary>Paths with every symbolic link resolved, so that two of them can be compared part by part.</summary>
internal static class RealPath
{
    private const int MaxLinks = 40;

    /// <summary>Resolves the links in every part of a path.</summary>
    /// <returns>The absolute path without links, or null when it does not exist or its links form a cycle.</returns>
    public static string? Of(string path)
    {
        var links = 0;
        return Of(path, ref links);
    }

    /// <summary>Whether a path is a folder or lies below it. Both must be real paths.</summary>
    public static bool IsWithin(string path, string folder)
    {
        var above = Path.TrimEndingDirectorySeparator(folder);
        return path.StartsWith(above, StringComparison.Ordinal)
            && (path.Length == above.Length || path[above.Length] == Path.DirectorySeparatorChar || Path.EndsInDirectorySeparator(above));
    }

    private static string? Of(string path, ref int links)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent)
        {
            return full;
        }

        if (Of(parent, ref links) is not { } realParent)
        {
            return null;
        }

        var real = Path.Combine(realParent, Path.GetFileName(full));
        try
        {
            FileSystemInfo entry = Directory.Exists(real) ? new DirectoryInfo(real) : new FileInfo(real);
            if (entry.LinkTarget is null)
            {
                return entry.Exists ? real : null;
            }

            // The final target may itself lie behind linked folders: resolve it from its own root.
            return ++links <= MaxLinks && entry.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Of(target.FullName, ref links) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
