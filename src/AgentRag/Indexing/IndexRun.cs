using System.Security.Cryptography;
using AgentRag.Documents;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>One run over the files of a plan: what is unchanged stays where it is, the rest is read into new segments.</summary>
internal sealed class IndexRun
{
    private const int DocumentsPerReport = 256;

    private readonly IndexPlan _plan;
    private readonly PassageSplitter _splitter;
    private readonly DocumentReaders _readers;
    private readonly IProgress<IndexProgress>? _progress;
    private readonly NewSegments _new;
    private readonly IReadOnlyList<LiveSegment> _old;
    private readonly Dictionary<string, IndexedFile> _oldFiles;
    // The number of the file in the plan that holds each id.
    private readonly Dictionary<string, int> _documentIds = new(StringComparer.Ordinal);
    private readonly HashSet<string> _kept = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly List<SkippedFile> _skipped;
    private int _added;
    private int _changed;

    // Unchanged files that were read again since the ids of their documents had been taken or given back.
    private int _readAgain;
    private int _documents;
    private int _passages;

    public IndexRun(
        IndexPlan plan,
        IReadOnlyList<LiveSegment> old,
        Dictionary<string, IndexedFile> oldFiles,
        NewSegments target,
        PassageSplitter splitter,
        DocumentReaders readers,
        IProgress<IndexProgress>? progress)
    {
        (_plan, _old, _oldFiles, _new, _splitter, _readers, _progress) = (plan, old, oldFiles, target, splitter, readers, progress);
        _skipped = [.. plan.Skipped];
    }

    /// <summary>Whether the index must be written.</summary>
    public bool HasChanged => _added + _changed + _readAgain > 0 || _oldFiles.Count > _kept.Count;

    /// <summary>Per old segment, the files that are gone or were read again.</summary>
    public IReadOnlyList<IReadOnlySet<int>> DeletedFiles()
    {
        var deleted = _old.Select(_ => new HashSet<int>()).ToArray();
        foreach (var part in _oldFiles.Where(file => !_kept.Contains(file.Key)).SelectMany(file => file.Value.Parts))
        {
            deleted[part.Segment].Add(part.File);
        }

        return deleted;
    }

    public async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < _plan.Files.Count; i++)
        {
            Report(i, _plan.Files[i].RelativePath);
            await ReadAsync(i, _plan.Files[i], cancellationToken).ConfigureAwait(false);
        }

        Report(_plan.Files.Count, "");
    }

    public IndexResult Result(IReadOnlyList<LiveSegment> segments, long bytesOnDisk) => new()
    {
        Documents = segments.Sum(segment => segment.DocumentCount),
        Passages = segments.Sum(segment => segment.PassageCount),
        Tokens = segments.Sum(segment => segment.TotalTokens),
        AddedFiles = _added,
        ChangedFiles = _changed,
        UnchangedFiles = _kept.Count + _readAgain,
        RemovedFiles = _oldFiles.Keys.Count(path => !_kept.Contains(path) && !_read.Contains(path)),
        Skipped = _skipped,
        UnknownFiles = _plan.UnknownFiles,
        IgnoredFiles = _plan.IgnoredFiles,
        IgnoredFolders = _plan.IgnoredFolders,
        BytesOnDisk = bytesOnDisk,
        Roots = _plan.Roots,
    };

    private async Task ReadAsync(int index, DocumentFile file, CancellationToken cancellationToken)
    {
        var wasKnown = _oldFiles.TryGetValue(file.FullPath, out var old);
        var wasSearched = _plan.Searched.Any(root => RealPath.IsWithin(file.FullPath, root));
        try
        {
            var hash = wasSearched || !wasKnown ? await HashAsync(file.FullPath, cancellationToken).ConfigureAwait(false) : old!.Entry.Sha256;
            if (wasKnown && hash.Length > 0 && TakeOver(index, file, hash, old!))
            {
                return;
            }

            Count(wasKnown, wasKnown && hash.Length > 0 && IsSame(file, hash, old!));
            await ReadDocumentsAsync(index, file, hash, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _skipped.Add(new(file.FullPath, $"cannot be read: {exception.Message}"));
        }
    }

    private void Count(bool wasKnown, bool isSame)
    {
        _added += wasKnown ? 0 : 1;
        _changed += wasKnown && !isSame ? 1 : 0;
        _readAgain += isSame ? 1 : 0;
    }

    private static bool IsSame(DocumentFile file, string hash, IndexedFile old) =>
        old.Entry.Sha256 == hash && old.Entry.Id == file.Id && old.Entry.Root == file.Root;

    /// <summary>Leaves a file where it is, when it and the ids of its documents are what they were.</summary>
    private bool TakeOver(int index, DocumentFile file, string hash, IndexedFile old)
    {
        if (!IsSame(file, hash, old) || old.Entry.IdHolders.Any(holder => !_kept.Contains(holder)))
        {
            return false;
        }

        List<string> ids = [];
        foreach (var part in old.Parts)
        {
            for (var document = part.FirstDocument; document < part.FirstDocument + part.Documents; document++)
            {
                ids.Add(_old[part.Segment].Segment.DocumentId(document));
            }
        }

        if (ids.Exists(_documentIds.ContainsKey))
        {
            return false;
        }

        foreach (var id in ids)
        {
            _documentIds[id] = index;
        }

        _kept.Add(file.FullPath);
        _skipped.AddRange(old.Entry.Skipped);
        _documents += ids.Count;
        _passages += old.Parts.Sum(part => _old[part.Segment].Segment.PassagesOf(part.FirstDocument, part.Documents));
        return true;
    }

    private async Task ReadDocumentsAsync(int index, DocumentFile file, string hash, CancellationToken cancellationToken)
    {
        var (documents, duplicates, firstDuplicate) = (0, 0, "");
        List<SkippedFile> skipped = [];
        HashSet<int> holders = [];
        try
        {
            await foreach (var document in _readers.For(file.FullPath)!.ReadAsync(file, skipped.Add, cancellationToken).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!_documentIds.TryAdd(document.Id, index))
                {
                    firstDuplicate = duplicates++ == 0 ? document.Id : firstDuplicate;
                    holders.Add(_documentIds[document.Id]);
                    continue;
                }

                _new.Add(file, document, _splitter.Split(document));
                if (++documents % DocumentsPerReport == 0)
                {
                    Report(index, file.RelativePath);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            EndFile(complete: false);
            throw;
        }

        EndFile(complete: true);

        void EndFile(bool complete)
        {
            if (duplicates > 0)
            {
                skipped.Add(new(file.FullPath, duplicates == 1
                    ? $"1 document has an id that is taken by an earlier one: '{firstDuplicate}'"
                    : $"{duplicates:N0} documents have ids that are taken by earlier ones, the first is '{firstDuplicate}'"));
            }

            // Read again next time if it broke off.
            holders.Remove(index);
            _new.EndFile(new(file.FullPath, file.Root, file.Id, complete ? hash : "", documents, skipped)
            {
                IdHolders = [.. holders.Order().Select(holder => _plan.Files[holder].FullPath)],
            });
            _read.Add(file.FullPath);
            _skipped.AddRange(skipped);
        }
    }

    private void Report(int filesDone, string path) =>
        _progress?.Report(new(filesDone, _plan.Files.Count, _documents + _new.DocumentCount, _passages + _new.PassageCount, path));

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        // The file, or a folder above it, may have been replaced by a link since the folder was searched. What was found is a real path; a file that is gone fails when it is opened.
        if (File.Exists(path) && RealPath.Of(path) != path)
        {
            throw new IOException("it, or a folder above it, has become a symbolic link");
        }

        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        await using (stream.ConfigureAwait(false))
        {
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
        }
    }
}
