using System.Security.Cryptography;
using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>One run over the files of a plan: what is unchanged is taken over from the old segment, the rest is read.</summary>
internal sealed class IndexRun
{
    private const int DocumentsPerReport = 256;

    private readonly IndexPlan _plan;
    private readonly PassageSplitter _splitter;
    private readonly DocumentReaders _readers;
    private readonly IProgress<IndexProgress>? _progress;
    private readonly SegmentBuilder _builder;
    private readonly SegmentCopy? _old;
    private readonly Dictionary<string, (FileEntry Entry, int FirstDocument)> _oldFiles = new(StringComparer.Ordinal);
    private readonly HashSet<string> _documentIds = new(StringComparer.Ordinal);
    private readonly List<FileEntry> _files = [];
    private readonly List<SkippedFile> _skipped;
    private int _added;
    private int _changed;
    private int _unchanged;
    private IndexSegment? _segment;

    public IndexRun(
        IndexPlan plan, IndexSegment? old, PassageSplitter splitter, AnalyzerOptions analyzer, DocumentReaders readers, IProgress<IndexProgress>? progress)
    {
        (_plan, _splitter, _readers, _progress) = (plan, splitter, readers, progress);
        (_builder, _old, _skipped) = (new(analyzer), old is null ? null : new(old), [.. plan.Skipped]);
        var firstDocument = 0;
        foreach (var file in old?.Files ?? [])
        {
            _oldFiles.Add(file.FullPath, (file, firstDocument));
            firstDocument += file.Documents;
        }
    }

    /// <summary>Whether the new segment differs from the old one.</summary>
    public bool HasChanged => _added + _changed > 0 || _oldFiles.Count > _unchanged;

    public async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < _plan.Files.Count; i++)
        {
            Report(i, _plan.Files[i].RelativePath);
            await ReadAsync(i, _plan.Files[i], cancellationToken).ConfigureAwait(false);
        }

        Report(_plan.Files.Count, "");
    }

    public IndexSegment Build() => _segment = _builder.Build(_files);

    public IndexResult Result(long bytesOnDisk)
    {
        var segment = _segment ?? _old!.Segment;
        return new()
        {
            Documents = segment.DocumentCount,
            Passages = segment.PassageCount,
            Tokens = segment.PassageTokens.Sum(tokens => (long)tokens),
            AddedFiles = _added,
            ChangedFiles = _changed,
            UnchangedFiles = _unchanged,
            RemovedFiles = _oldFiles.Keys.Except(_files.Select(file => file.FullPath), StringComparer.Ordinal).Count(),
            Skipped = _skipped,
            UnknownFiles = _plan.UnknownFiles,
            BytesOnDisk = bytesOnDisk,
            Roots = _plan.Roots,
        };
    }

    private async Task ReadAsync(int index, DocumentFile file, CancellationToken cancellationToken)
    {
        var wasKnown = _oldFiles.TryGetValue(file.FullPath, out var old);
        var wasSearched = _plan.Searched.Any(root => RealPath.IsWithin(file.FullPath, root));
        try
        {
            var hash = wasSearched || !wasKnown ? await HashAsync(file.FullPath, cancellationToken).ConfigureAwait(false) : old.Entry.Sha256;
            if (wasKnown && hash.Length > 0 && TakeOver(file, hash, old.Entry, old.FirstDocument))
            {
                _unchanged++;
                return;
            }

            (_added, _changed) = wasKnown ? (_added, _changed + 1) : (_added + 1, _changed);
            await ReadDocumentsAsync(index, file, hash, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _skipped.Add(new(file.FullPath, $"cannot be read: {exception.Message}"));
        }
    }

    private bool TakeOver(DocumentFile file, string hash, FileEntry old, int firstDocument)
    {
        var documentIds = _old!.Segment.DocumentIds;
        var documents = Enumerable.Range(firstDocument, old.Documents);
        if (old.Sha256 != hash || old.Id != file.Id || old.Root != file.Root || documents.Any(document => _documentIds.Contains(documentIds[document])))
        {
            return false;
        }

        foreach (var document in documents)
        {
            _documentIds.Add(documentIds[document]);
            _builder.AddDocument(_old, document);
        }

        _files.Add(old);
        _skipped.AddRange(old.Skipped);
        return true;
    }

    private async Task ReadDocumentsAsync(int index, DocumentFile file, string hash, CancellationToken cancellationToken)
    {
        var (documents, duplicates, firstDuplicate) = (0, 0, "");
        List<SkippedFile> skipped = [];
        var complete = false;
        try
        {
            await foreach (var document in _readers.For(file.FullPath)!.ReadAsync(file, skipped.Add, cancellationToken).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!_documentIds.Add(document.Id))
                {
                    firstDuplicate = duplicates++ == 0 ? document.Id : firstDuplicate;
                    continue;
                }

                Add(document);
                if (++documents % DocumentsPerReport == 0)
                {
                    Report(index, file.RelativePath);
                }
            }

            complete = true;
        }
        finally
        {
            if (duplicates > 0)
            {
                skipped.Add(new(file.FullPath, $"{duplicates:N0} documents have ids that are taken by earlier ones, the first is '{firstDuplicate}'"));
            }

            // Read again next time if it broke off, or if the document that held the id may be gone by then.
            _files.Add(new(file.FullPath, file.Root, file.Id, complete && duplicates == 0 ? hash : "", documents, skipped));
            _skipped.AddRange(skipped);
        }
    }

    private void Add(Document document)
    {
        _builder.AddDocument(document.Id, document.Title, document.Source);
        foreach (var passage in _splitter.Split(document))
        {
            _builder.AddPassage(passage);
        }
    }

    private void Report(int filesDone, string path) =>
        _progress?.Report(new(filesDone, _plan.Files.Count, _builder.DocumentCount, _builder.PassageCount, path));

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        // The file may have been replaced by a link since the folder was searched.
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw new IOException("it has become a symbolic link");
        }

        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        await using (stream.ConfigureAwait(false))
        {
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
        }
    }
}
