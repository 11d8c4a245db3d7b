using AgentRag.Documents;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>A BM25 index that is open for reading: from disk, or made in memory.</summary>
/// <remarks>
/// One consistent state of the index: a run that writes it anew does not disturb it, nor waits for it. Files are mapped, so memory holds what is in use.
/// Damaged bytes are an <see cref="AgentRagException"/>, when the index is opened or when they are first touched; <see cref="Verify"/> touches all. Never
/// changes; safe for concurrent use.
/// </remarks>
public sealed class Bm25Index
{
    private readonly Lazy<int[]?[]> _livePassages;
    private readonly Lazy<IReadOnlyList<IndexedDocument>> _documents;
    private readonly Lazy<int> _maxPassageTokens;

    internal Bm25Index(
        IReadOnlyList<LiveSegment> segments, AnalyzerOptions analyzer, string? tokenCounterName, PassageSplitterOptions? splitter, IReadOnlyList<string> roots)
    {
        (Segments, Analyzer, TokenCounterName, SplitterOptions, Roots) = ([.. segments], new(analyzer), tokenCounterName, splitter, roots);
        PassageCount = segments.Sum(segment => segment.PassageCount);
        DocumentCount = segments.Sum(segment => segment.DocumentCount);
        TotalPassageTokens = segments.Sum(segment => segment.TotalTokens);
        MeanPassageTerms = PassageCount == 0 ? 0 : (double)segments.Sum(segment => segment.TotalLength) / PassageCount;
        _livePassages = new(() => Array.ConvertAll(Segments, ListLive));
        _documents = new(ListDocuments);
        _maxPassageTokens = new(FindMaxPassageTokens);
    }

    /// <summary>Number of passages, ≥ 0.</summary>
    public int PassageCount { get; }

    /// <summary>Number of documents, ≥ 0; documents without text have no passages.</summary>
    public int DocumentCount { get; }

    /// <summary>Model tokens of all passages.</summary>
    public long TotalPassageTokens { get; }

    /// <summary>Mean model tokens of a passage; 0 for an empty index.</summary>
    public double MeanPassageTokens => PassageCount == 0 ? 0 : (double)TotalPassageTokens / PassageCount;

    /// <summary>Model tokens of the longest passage; 0 for an empty index.</summary>
    public int MaxPassageTokens => _maxPassageTokens.Value;

    /// <summary>Mean length of a passage in index terms, with those of title and headings; 0 for an empty index.</summary>
    public double MeanPassageTerms { get; }

    /// <summary>The token counter that measured the passages; null for an index made in memory.</summary>
    public string? TokenCounterName { get; }

    /// <summary>How the documents were cut; null for an index made in memory.</summary>
    public PassageSplitterOptions? SplitterOptions { get; }

    /// <summary>Finds the terms of passages and queries.</summary>
    public Analyzer Analyzer { get; }

    /// <summary>The folders and files that are indexed, absolute; empty for an index made in memory.</summary>
    public IReadOnlyList<string> Roots { get; }

    /// <summary>The documents in index order.</summary>
    public IReadOnlyList<IndexedDocument> Documents => _documents.Value;

    internal LiveSegment[] Segments { get; }

    /// <summary>Stands for the state on disk that was opened; null for an index made in memory.</summary>
    internal string? ContentChecksum { get; init; }

    /// <summary>Makes an index in memory.</summary>
    /// <param name="passages">The passages; those of one document share its id.</param>
    /// <param name="analyzer">How text becomes terms; null for <see cref="AnalyzerOptions.English"/>.</param>
    /// <returns>The index.</returns>
    /// <exception cref="ArgumentException">Two passages have the same id.</exception>
    public static Bm25Index Build(IEnumerable<Passage> passages, AnalyzerOptions? analyzer = null)
    {
        ArgumentNullException.ThrowIfNull(passages);
        var options = analyzer ?? AnalyzerOptions.English;
        using var stream = new MemoryStream();
        var builder = new SegmentBuilder(stream, options);
        HashSet<string> ids = new(StringComparer.Ordinal);
        Dictionary<string, int> documents = new(StringComparer.Ordinal);
        foreach (var passage in passages)
        {
            if (!ids.Add(passage.Id))
            {
                throw new ArgumentException($"Two passages have the id '{passage.Id}'.", nameof(passages));
            }

            if (documents.TryAdd(passage.DocumentId, documents.Count))
            {
                builder.AddDocument(passage.DocumentId, passage.Title, passage.Source, passage.Metadata);
            }

            builder.AddPassage(passage, documents[passage.DocumentId]);
        }

        builder.Finish([]);
        var segment = Segment.Open(stream.GetBuffer().AsSpan(0, (int)stream.Length));
        return new([new(segment, Deletions: null)], options, tokenCounterName: null, splitter: null, roots: []);
    }

    /// <summary>Opens an index on disk.</summary>
    /// <param name="directory">The folder that holds it.</param>
    /// <param name="tokenCounterName">The token counter of this run; null when token counts do not matter to it.</param>
    /// <returns>The index.</returns>
    /// <exception cref="AgentRagException">There is no index, or it is damaged, foreign, of another format, or measured by another token counter.</exception>
    public static Bm25Index Open(string directory, string? tokenCounterName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var (manifest, segments) = new IndexDirectory(directory).Open();
        if (tokenCounterName is not null)
        {
            manifest.RequireTokenCounter(directory, tokenCounterName);
        }

        return LinksIndex.Index(manifest, segments);
    }

    /// <summary>Reads a passage.</summary>
    /// <param name="index">Its position in the index, in [0, <see cref="PassageCount"/>).</param>
    /// <returns>The passage.</returns>
    public Passage PassageAt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, PassageCount);
        var (segment, passage) = Locate(index);
        return PassageAt(segment, passage);
    }

    /// <summary>Finds a passage.</summary>
    /// <param name="passageId">Its id.</param>
    /// <returns>The passage, or null when the index does not hold it.</returns>
    public Passage? Find(string passageId)
    {
        ArgumentNullException.ThrowIfNull(passageId);
        var hash = IdHashes.Of(passageId);
        for (var segment = 0; segment < Segments.Length; segment++)
        {
            foreach (var passage in Segments[segment].Segment.PassagesByHash(hash))
            {
                if (!Segments[segment].IsDeleted((int)passage) && Segments[segment].Segment.Stored((int)passage).Id == passageId)
                {
                    return PassageAt(segment, (int)passage);
                }
            }
        }

        return null;
    }

    /// <summary>Checks every byte of the index.</summary>
    /// <exception cref="AgentRagException">Something is damaged; the message names the file.</exception>
    public void Verify()
    {
        foreach (var segment in Segments)
        {
            segment.Segment.Verify();
        }
    }

    /// <summary>Where a passage lies.</summary>
    /// <param name="index">Its position in the index.</param>
    internal (int Segment, int Passage) Locate(int index)
    {
        var segment = 0;
        for (; index >= Segments[segment].PassageCount; segment++)
        {
            index -= Segments[segment].PassageCount;
        }

        return (segment, Segments[segment].Deletions is null ? index : _livePassages.Value[segment]![index]);
    }

    /// <summary>The position in the index of a passage of a segment that is not deleted.</summary>
    internal int PositionOf(int segment, int passage)
    {
        var position = Segments[segment].Deletions is null ? passage : Array.BinarySearch(_livePassages.Value[segment]!, passage);
        for (var before = 0; before < segment; before++)
        {
            position += Segments[before].PassageCount;
        }

        return position;
    }

    /// <summary>Reads a passage of a segment, whether it is deleted or not.</summary>
    internal Passage PassageAt(int segment, int passage)
    {
        var source = Segments[segment].Segment;
        var (stored, document) = (source.Stored(passage), source.PassageDocuments[passage]);
        return new Passage
        {
            Id = stored.Id,
            DocumentId = source.DocumentId(document),
            Title = source.DocumentTitle(document),
            HeadingPath = stored.HeadingPath is null ? [] : stored.HeadingPath.Split('\n'),
            Source = source.DocumentSource(document),
            Start = stored.Start,
            End = stored.End,
            Text = stored.Text,
            ContentHash = PassageSplitter.ContentHash(stored.Text),
            TokenCount = source.PassageTokens[passage],
            Metadata = source.Metadata.Of(document),
        };
    }

    private static int[]? ListLive(LiveSegment segment) => segment.Deletions is null
        ? null
        : [.. Enumerable.Range(0, segment.Segment.PassageCount).Where(passage => !segment.IsDeleted(passage))];

    private int FindMaxPassageTokens()
    {
        var max = 0;
        foreach (var segment in Segments)
        {
            var tokens = segment.Segment.PassageTokens;
            for (var passage = 0; passage < tokens.Length; passage++)
            {
                max = tokens[passage] > max && !segment.IsDeleted(passage) ? tokens[passage] : max;
            }
        }

        return max;
    }

    private IndexedDocument[] ListDocuments()
    {
        List<IndexedDocument> all = new(DocumentCount);
        foreach (var segment in Segments)
        {
            var source = segment.Segment;
            var passages = new int[source.DocumentCount];
            foreach (var document in source.PassageDocuments)
            {
                passages[document]++;
            }

            all.AddRange(Enumerable.Range(0, passages.Length)
                .Where(document => !segment.IsDocumentDeleted(document))
                .Select(document => new IndexedDocument(source.DocumentId(document), source.DocumentTitle(document), source.DocumentSource(document), passages[document])));
        }

        return [.. all];
    }
}

/// <summary>A document as an index knows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its title.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="Passages">How many passages it was cut into, ≥ 0.</param>
public sealed record IndexedDocument(string Id, string Title, string Source, int Passages);
