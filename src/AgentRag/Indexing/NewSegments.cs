using AgentRag.Documents;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>Writes what a run reads into new segments; a segment ends when its counts fill the memory meant for them.</summary>
/// <param name="directory">Where the segments go.</param>
/// <param name="analyzer">Finds terms.</param>
/// <param name="maxPostings">Pairs of passage and term that are held in memory, at eight bytes each.</param>
internal sealed class NewSegments(IndexDirectory directory, AnalyzerOptions analyzer, long maxPostings) : IDisposable
{
    private readonly List<SegmentReference> _references = [];
    private readonly List<FileEntry> _files = [];
    private NewFile? _target;
    private SegmentBuilder? _builder;
    private int _documentsOfFile;
    private int _documentsBefore;
    private int _passagesBefore;

    public int DocumentCount => _documentsBefore + (_builder?.DocumentCount ?? 0);

    public int PassageCount => _passagesBefore + (_builder?.PassageCount ?? 0);

    /// <summary>Adds a document of the file at hand.</summary>
    public void Add(DocumentFile file, Document document, IEnumerable<Passage> passages)
    {
        if (_builder is not null && (_builder.Postings >= maxPostings || _builder.IsFull))
        {
            if (_documentsOfFile > 0)
            {
                _files.Add(new(file.FullPath, file.Root, file.Id, "", _documentsOfFile, []));
                _documentsOfFile = 0;
            }

            EndSegment();
        }

        _documentsOfFile++;
        directory.Writing(() =>
        {
            var builder = Builder();
            builder.AddDocument(document.Id, document.Title, document.Source, document.Metadata);
            foreach (var passage in passages)
            {
                builder.AddPassage(passage, builder.DocumentCount - 1);
            }

            return builder;
        });
    }

    /// <summary>Ends the file at hand.</summary>
    /// <param name="file">What is known about it; its number of documents is set here.</param>
    public void EndFile(FileEntry file)
    {
        Builder();
        _files.Add(file with { Documents = _documentsOfFile });
        _documentsOfFile = 0;
    }

    /// <summary>Ends the last segment.</summary>
    /// <returns>The new segments.</returns>
    public IReadOnlyList<SegmentReference> Finish()
    {
        EndSegment();
        return _references;
    }

    public void Dispose() => _target?.Dispose();

    private SegmentBuilder Builder()
    {
        _target ??= directory.CreateSegment();
        return _builder ??= new(_target.Stream, analyzer);
    }

    private void EndSegment()
    {
        if (_builder is null)
        {
            return;
        }

        (_documentsBefore, _passagesBefore) = (DocumentCount, PassageCount);
        var checksum = directory.Writing(() =>
        {
            var checksum = _builder.Finish(_files);
            _target!.Complete();
            return checksum;
        });
        _references.Add(new(_target!.Name, checksum, Deletions: null, DeletionsChecksum: 0));
        _files.Clear();
        (_builder, _target) = (null, null);
    }
}
