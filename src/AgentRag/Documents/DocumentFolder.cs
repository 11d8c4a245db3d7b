namespace AgentRag.Documents;

/// <summary>Finds the files to read below given roots.</summary>
/// <remarks>
/// Nothing outside of the roots is ever listed: a symbolic link is not followed. Where its target lies below a root, the target is found there by
/// itself, once; where not, the link is reported. Hidden files and folders (<c>.git</c>, <c>.agentrag</c>) and <c>node_modules</c> are left out. Empty files
/// are reported; so are pipes, sockets and devices, which are never opened. What .gitignore files leave out is left out too, if the options do not say
/// otherwise.
/// </remarks>
public static class DocumentFolder
{
    /// <summary>The reason of a file that is skipped because nothing is in it.</summary>
    public const string EmptyFile = "is empty";

    /// <summary>Lists the readable files.</summary>
    /// <param name="roots">Folders and files, as the user named them.</param>
    /// <param name="readers">Decide which extensions are read.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The files, root by root, in ordinal order of their paths; a file below two roots belongs to the first.</returns>
    /// <exception cref="AgentRagException">A root does not exist, or is a file of a kind that is not read.</exception>
    public static FoundFiles Find(IReadOnlyList<string> roots, DocumentReaders readers, CancellationToken cancellationToken = default) =>
        Find(roots, readers, new(), cancellationToken);

    /// <summary>Lists the readable files that the options let through.</summary>
    /// <param name="roots">Folders and files, as the user named them.</param>
    /// <param name="readers">Decide which extensions are read.</param>
    /// <param name="options">Patterns, and whether .gitignore files count.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The files, root by root, in ordinal order of their paths; a file below two roots belongs to the first.</returns>
    /// <exception cref="AgentRagException">A root does not exist, is a file of a kind that is not read, or a pattern cannot be read.</exception>
    public static FoundFiles Find(
        IReadOnlyList<string> roots, DocumentReaders readers, DocumentFolderOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(roots);
        ArgumentNullException.ThrowIfNull(readers);
        ArgumentNullException.ThrowIfNull(options);
        var realRoots = roots.Select(root => RealPath.Of(root) ?? throw new AgentRagException($"'{root}' does not exist: give a file or a folder.")).ToList();
        var search = new Search(realRoots, readers, options.Validated());
        for (var i = 0; i < roots.Count; i++)
        {
            search.VisitRoot(realRoots[i], roots[i], cancellationToken);
        }

        return new([.. realRoots.Distinct(StringComparer.Ordinal)], search.Files, search.Skipped, search.UnknownFiles) { IgnoredFiles = search.IgnoredFiles, IgnoredFolders = search.IgnoredFolders };
    }

    private sealed class Search(List<string> realRoots, DocumentReaders readers, DocumentFolderOptions options)
    {
        private static readonly EnumerationOptions OneFolder = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };
        private readonly GlobPattern[] _included = [.. Patterns(options).Where(pattern => !pattern.IsNegated)];
        private readonly GlobPattern[] _excluded = [.. Patterns(options).Where(pattern => pattern.IsNegated)];
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

        public List<DocumentFile> Files { get; } = [];

        public List<SkippedFile> Skipped { get; } = [];

        public int UnknownFiles { get; private set; }

        public int IgnoredFiles { get; private set; }

        public int IgnoredFolders { get; private set; }

        public void VisitRoot(string root, string asGiven, CancellationToken cancellationToken)
        {
            if (Directory.Exists(root))
            {
                VisitFolder(root, root, cancellationToken);
            }
            else if (readers.For(root) is null)
            {
                throw new AgentRagException($"'{asGiven}' is not a kind of file that is read: give one of {string.Join(' ', readers.Extensions)}.");
            }
            else
            {
                VisitFile(root, new FileInfo(root));
            }
        }

        private void VisitFolder(string root, string folder, CancellationToken cancellationToken)
        {
            // Own stack: folders may be nested deeper than calls can be.
            Stack<(FileSystemInfo Entry, IgnoreRules? Above)> open = new();
            open.Push((new DirectoryInfo(folder), options.RespectGitIgnore ? IgnoreRules.Above(folder) : null));
            while (open.TryPop(out var next))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (next.Entry is FileInfo file)
                {
                    if (IsIncluded(root, file))
                    {
                        VisitFile(root, file);
                    }
                }
                else if (_seen.Add(next.Entry.FullName))
                {
                    var rules = options.RespectGitIgnore ? IgnoreRules.In(next.Entry.FullName, next.Above) : null;
                    foreach (var child in Children(root, (DirectoryInfo)next.Entry, rules).OrderDescending(PathOrder.Instance))
                    {
                        open.Push((child, rules));
                    }
                }
            }
        }

        private static IEnumerable<GlobPattern> Patterns(DocumentFolderOptions options) => options.Patterns.Select(GlobPattern.Parse).OfType<GlobPattern>();

        private static string Below(string root, FileSystemInfo entry) =>
            Path.GetRelativePath(root, entry.FullName).Replace(Path.DirectorySeparatorChar, '/');

        private bool IsLeftOut(string root, FileSystemInfo entry, IgnoreRules? rules)
        {
            var isFolder = entry is DirectoryInfo;
            var isLeftOut = rules?.IsIgnored(entry.FullName, isFolder) is true
                || Array.Exists(_excluded, pattern => pattern.IsMatch(Below(root, entry), isFolder));
            IgnoredFiles += isLeftOut && !isFolder ? 1 : 0;
            IgnoredFolders += isLeftOut && isFolder ? 1 : 0;
            return isLeftOut;
        }

        private bool IsIncluded(string root, FileInfo file)
        {
            var isIncluded = _included.Length == 0 || Array.Exists(_included, pattern => pattern.IsMatch(Below(root, file), isFolder: false));
            IgnoredFiles += isIncluded ? 0 : 1;
            return isIncluded;
        }

        private List<FileSystemInfo> Children(string root, DirectoryInfo folder, IgnoreRules? rules)
        {
            List<FileSystemInfo> children = [];
            try
            {
                foreach (var entry in folder.EnumerateFileSystemInfos("*", OneFolder))
                {
                    if (entry.Name.StartsWith('.') || (entry is DirectoryInfo && entry.Name is "node_modules") || IsLeftOut(root, entry, rules))
                    {
                        continue;
                    }

                    if (entry.LinkTarget is null)
                    {
                        children.Add(entry);
                    }
                    else
                    {
                        ReportLink(entry);
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Skipped.Add(new(folder.FullName, $"cannot be listed: {exception.Message}"));
            }

            return children;
        }

        private void ReportLink(FileSystemInfo link)
        {
            var target = RealPath.Of(link.FullName);
            if (target is null)
            {
                Skipped.Add(new(link.FullName, "is a symbolic link to nothing or to itself"));
            }
            else if (!realRoots.Exists(root => RealPath.IsWithin(target, root)))
            {
                Skipped.Add(new(link.FullName, "is a symbolic link that leads out of the given folders"));
            }
        }

        private void VisitFile(string root, FileInfo file)
        {
            if (readers.For(file.Name) is null)
            {
                UnknownFiles++;
                return;
            }

            var path = file.FullName == root ? file.Name : Below(root, file);
            if (DocumentIds.Problem(path) is { } problem)
            {
                Skipped.Add(new(Titles.OneLine(file.FullName), $"its path {problem}"));
            }
            else if (file.Length == 0)
            {
                // Only what looks empty can be something else than a file.
                Skipped.Add(new(file.FullName, RegularFile.Is(file.FullName) ? EmptyFile : "is a pipe, a socket or a device"));
            }
            else if (_seen.Add(file.FullName))
            {
                Files.Add(new(file.FullName, root, path));
            }
        }
    }

    /// <summary>Orders entries of one folder so that whole paths come out in ordinal order: a folder sorts as its name with the separator.</summary>
    private sealed class PathOrder : IComparer<FileSystemInfo>
    {
        public static readonly PathOrder Instance = new();

        public int Compare(FileSystemInfo? x, FileSystemInfo? y) => string.CompareOrdinal(Key(x), Key(y));

        private static string? Key(FileSystemInfo? entry) => entry is DirectoryInfo ? entry.Name + '/' : entry?.Name;
    }
}
