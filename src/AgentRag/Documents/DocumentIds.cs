namespace AgentRag.Documents;

/// <summary>Chooses the ids of documents that are whole files.</summary>
public static class DocumentIds
{
    /// <summary>Longest id, in characters: ids stand in prompts and replies.</summary>
    internal const int MaxLength = 512;

    /// <summary>Gives every file an id: as short as the other files allow.</summary>
    /// <param name="files">The files of one run, in order.</param>
    /// <param name="skipped">Told about each file that no id is left for.</param>
    /// <returns>
    /// The files with their ids, in the same order: the path below the root without extension; where files would share that, all of them keep the
    /// extension; where they still do, the root folder's name is put in front; of files still equal only the first is returned.
    /// </returns>
    public static IReadOnlyList<DocumentFile> Assign(IReadOnlyList<DocumentFile> files, Action<SkippedFile> skipped)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(skipped);

        Func<DocumentFile, string>[] forms =
            [file => Path.ChangeExtension(file.RelativePath, null), file => file.RelativePath, file => $"{file.RootName}/{file.RelativePath}"];
        var ids = new string[files.Count];
        var (open, used) = (Enumerable.Range(0, files.Count).ToList(), new HashSet<string>(StringComparer.Ordinal));
        for (var form = 0; form < forms.Length && open.Count > 0; form++)
        {
            var groups = open.GroupBy(file => forms[form](files[file]), StringComparer.Ordinal).ToList();
            var isLast = form == forms.Length - 1;
            open = [];
            foreach (var group in groups)
            {
                if (!used.Contains(group.Key) && (isLast || group.Count() == 1))
                {
                    ids[group.First()] = group.Key;
                    used.Add(group.Key);
                    open.AddRange(group.Skip(1));
                }
                else
                {
                    open.AddRange(group);
                }
            }
        }

        foreach (var file in open)
        {
            skipped(new(files[file].FullPath, "another document has its id: rename one of them"));
        }

        return [.. files.Select((file, i) => file with { Id = ids[i] ?? "" }).Where(file => file.Id.Length > 0)];
    }

    /// <summary>Says what is wrong with an id.</summary>
    /// <returns>The problem, or null.</returns>
    internal static string? Problem(string id) => id switch
    {
        "" => "is empty",
        { Length: > MaxLength } => $"is longer than {MaxLength} characters",
        _ when id.Any(char.IsControl) => "holds a line break or another control character",
        _ => null,
    };
}
