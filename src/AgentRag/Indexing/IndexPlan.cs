using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>Which files a run looks at, in the order in which their documents will stand in the index.</summary>
/// <param name="Roots">The roots of the new index.</param>
/// <param name="Files">The files with their ids.</param>
/// <param name="Searched">The folders and files that were searched in this run; what lies elsewhere is taken over unseen.</param>
/// <param name="Skipped">What was left out.</param>
/// <param name="UnknownFiles">Files of kinds that are not read.</param>
/// <param name="IgnoredFiles">Files that patterns or .gitignore left out.</param>
/// <param name="IgnoredFolders">Folders that they left out, with all that is in them.</param>
internal sealed record IndexPlan(
    IReadOnlyList<string> Roots,
    IReadOnlyList<DocumentFile> Files,
    IReadOnlyList<string> Searched,
    IReadOnlyList<SkippedFile> Skipped,
    int UnknownFiles,
    int IgnoredFiles,
    int IgnoredFolders)
{
    /// <summary>Searches the given paths and puts what is found beside what the index holds from elsewhere.</summary>
    /// <param name="request">The paths, or none for the index's own roots; whether the roots that are not searched stay in the index.</param>
    /// <param name="oldRoots">The index's roots.</param>
    /// <param name="oldFiles">The index's files.</param>
    /// <param name="readers">Decide which files are read.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<IndexPlan> MakeAsync(
        IndexRequest request,
        IReadOnlyList<string> oldRoots,
        IReadOnlyList<FileEntry> oldFiles,
        DocumentReaders readers,
        CancellationToken cancellationToken)
    {
        var (paths, keepOthers) = (request.Paths, !request.Force);
        var found = DocumentFolder.Find(paths.Count > 0 ? paths : oldRoots, readers, request.Folder, cancellationToken);

        // The manifest of an index that lies among the documents is none of them, and would change with every run.
        var manifest = RealPath.Of(Path.Combine(request.IndexDirectory, IndexDirectory.ManifestName));
        found = found with { Files = [.. found.Files.Where(file => file.FullPath != manifest)] };
        found = await found.WithoutDuplicatesAsync(cancellationToken).ConfigureAwait(false);

        // A folder inside an old root belongs to that root; an old root inside a new one is swallowed by it.
        var roots = keepOthers && paths.Count > 0
            ? [.. oldRoots.Where(old => !found.Roots.Any(root => root != old && RealPath.IsWithin(old, root)))]
            : new List<string>();
        roots.AddRange(found.Roots.Where(root => !roots.Exists(other => RealPath.IsWithin(root, other))));

        var elsewhere = keepOthers
            ? oldFiles.Where(file => !found.Roots.Any(root => RealPath.IsWithin(file.FullPath, root))).Select(file => file.FullPath)
            : [];
        var all = found.Files.Select(file => file.FullPath).Concat(elsewhere)
            .Select(path => Below(roots, path))
            .OrderBy(file => roots.IndexOf(file.Root)).ThenBy(file => file.RelativePath, StringComparer.Ordinal)
            .ToList();
        List<SkippedFile> skipped = [.. found.Skipped, .. found.Duplicates.Select(file => new SkippedFile(file.Path, $"has the same bytes as '{file.Original}'"))];
        var ids = DocumentIds.Assign([.. all.Where(file => !RowsBringIds(file))], skipped.Add).ToDictionary(file => file.FullPath, StringComparer.Ordinal);
        var files = all.Where(file => RowsBringIds(file) || ids.ContainsKey(file.FullPath)).Select(file => ids.GetValueOrDefault(file.FullPath, file));
        return new(roots, [.. files], found.Roots, skipped, found.UnknownFiles, found.IgnoredFiles, found.IgnoredFolders);

        bool RowsBringIds(DocumentFile file) => readers.For(file.FullPath)?.RowsBringIds is true;
    }

    private static DocumentFile Below(List<string> roots, string path)
    {
        var root = roots.Find(root => RealPath.IsWithin(path, root))!;
        var relative = root == path ? Path.GetFileName(path) : Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');
        return new(path, root, relative);
    }
}
