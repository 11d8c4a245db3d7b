using System.Security.Cryptography;

namespace AgentRag.Documents;

/// <summary>What was found below the roots.</summary>
/// <param name="Roots">The roots as absolute paths, links resolved, in the given order.</param>
/// <param name="Files">The files to read, without ids.</param>
/// <param name="Skipped">What was left out and should be known.</param>
/// <param name="UnknownFiles">Files of kinds that are not read.</param>
public sealed record FoundFiles(
    IReadOnlyList<string> Roots, IReadOnlyList<DocumentFile> Files, IReadOnlyList<SkippedFile> Skipped, int UnknownFiles)
{
    /// <summary>Files that patterns or .gitignore left out one by one.</summary>
    public int IgnoredFiles { get; init; }

    /// <summary>Folders that patterns or .gitignore left out as a whole: what is in them is not looked at, so it is not counted.</summary>
    public int IgnoredFolders { get; init; }

    /// <summary>Files that have the same bytes as an earlier one; empty until <see cref="WithoutDuplicatesAsync"/> has looked.</summary>
    public IReadOnlyList<DuplicateFile> Duplicates { get; init; } = [];

    /// <summary>Takes files out that have the same bytes as an earlier one.</summary>
    /// <param name="cancellationToken">Ends the comparison.</param>
    /// <returns>The same without them, and with the list of them. Only files that share their size with another are read.</returns>
    public async Task<FoundFiles> WithoutDuplicatesAsync(CancellationToken cancellationToken = default)
    {
        var sizes = Files.GroupBy(file => Length(file.FullPath)).Where(group => group.Skip(1).Any()).Select(group => group.Key).ToHashSet();
        Dictionary<string, DocumentFile> first = new(StringComparer.Ordinal);
        List<DocumentFile> files = [];
        List<DuplicateFile> duplicates = [.. Duplicates];
        foreach (var file in Files)
        {
            var hash = sizes.Contains(Length(file.FullPath)) ? await HashAsync(file.FullPath, cancellationToken).ConfigureAwait(false) : null;
            if (hash is null || first.TryAdd(hash, file))
            {
                files.Add(file);
            }
            else
            {
                duplicates.Add(new(file.FullPath, first[hash].FullPath));
            }
        }

        return this with { Files = files, Duplicates = duplicates };
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : -1;

    /// <summary>The hash of a file's bytes; null when it cannot be read, which is for its reader to report.</summary>
    private static async Task<string?> HashAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
            await using (stream.ConfigureAwait(false))
            {
                return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A file that is not read since an earlier one has the same bytes.</summary>
/// <param name="Path">The file.</param>
/// <param name="Original">The file that is read in its place.</param>
public sealed record DuplicateFile(string Path, string Original);
