namespace AgentRag.Documents;

/// <summary>The rules of one .gitignore file and of those in the folders above.</summary>
/// <param name="folder">The folder that the file lies in.</param>
/// <param name="patterns">Its patterns, in order.</param>
/// <param name="above">The rules of the folders above, or null.</param>
internal sealed class IgnoreRules(string folder, IReadOnlyList<GlobPattern> patterns, IgnoreRules? above)
{
    private const string FileName = ".gitignore";

    /// <summary>Largest .gitignore that is followed, in bytes: those that people write have a few thousand.</summary>
    private const long MaxBytes = 1 << 20;

    /// <summary>The rules that hold in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="above">The rules that hold in the folder above, or null.</param>
    /// <returns>The rules above, with those of the folder's own file if it has one.</returns>
    public static IgnoreRules? In(string folder, IgnoreRules? above)
    {
        try
        {
            var file = new FileInfo(Path.Combine(folder, FileName));
            // Empty is also what a pipe looks like, which must not be opened.
            if (!file.Exists || file.LinkTarget is not null || file.Length is 0 or > MaxBytes)
            {
                return above;
            }

            GlobPattern[] patterns = [.. File.ReadLines(file.FullName).Select(GlobPattern.Parse).OfType<GlobPattern>()];
            return patterns.Length == 0 ? above : new(folder, patterns, above);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A file that cannot be read, or a set such as [z-a]: what is in doubt is rather read than lost.
            return above;
        }
    }

    /// <summary>The rules that hold above a folder: those from the top of its working tree downwards; null outside of one.</summary>
    public static IgnoreRules? Above(string folder)
    {
        Stack<string> folders = new();
        for (var above = Path.GetDirectoryName(folder); above is not null && !IsTop(folder); above = Path.GetDirectoryName(above))
        {
            folders.Push(above);
            if (IsTop(above))
            {
                return folders.Aggregate(default(IgnoreRules), (rules, next) => In(next, rules));
            }
        }

        return null;
    }

    /// <summary>Whether a file or folder is left out: the last pattern that matches decides, in the nearest file that has one.</summary>
    public bool IsIgnored(string path, bool isFolder)
    {
        for (var rules = this; rules is not null; rules = rules.Above())
        {
            if (rules.Decision(path, isFolder) is { } ignored)
            {
                return ignored;
            }
        }

        return false;
    }

    private static bool IsTop(string folder) => Path.Exists(Path.Combine(folder, ".git"));

    private IgnoreRules? Above() => above;

    private bool? Decision(string path, bool isFolder)
    {
        var relative = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
        for (var i = patterns.Count - 1; i >= 0; i--)
        {
            if (patterns[i].IsMatch(relative, isFolder))
            {
                return !patterns[i].IsNegated;
            }
        }

        return null;
    }
}
