using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>A BM25 index that is open for reading: from disk, or made in memory.</summary>
/// <remarks>Held in memory as a whole, so a run that writes the index anew does not disturb it. Never changes; safe for concurrent use.</remarks>
public sealed class Bm25Index
{
    private readonly Lazy<Dictionary<string, int>> _passageById;
    private readonly Lazy<IReadOnlyList<IndexedDocument>> _documents;

    internal Bm25Index(IndexSegment segment, AnalyzerOptions analyzer, string? tokenCounterName, PassageSplitterOptions? splitter, IReadOnlyList<string> roots)
    {
        (Segment, Analyzer, TokenCounterName, SplitterOptions, Roots) = (segment, new(analyzer), tokenCounterName, splitter, roots);
        var (terms, tokens) = (0L, 0L);
        for (var passage = 0; passage < segment.PassageCount; passage++)
        {
            terms += segment.PassageTerms[passage];
            tokens += segment.PassageTokens[passage];
            MaxPassageTokens = Math.Max(MaxPassageTokens, segment.PassageTokens[passage]);
        }

        TotalPassageTokens = tokens;
        MeanPassageTerms = segment.PassageCount == 0 ? 0 : (double)terms / segment.PassageCount;
        _passageById = new(() => Enumerable.Range(0, segment.PassageCount).ToDictionary(passage => segment.PassageIds[passage], StringComparer.Ordinal));
        _documents = new(ListDocuments);
    }

    /// <summary>Number of passages, ≥ 0.</summary>
    public int PassageCount => Segment.PassageCount;

    /// <summary>Number of documents, ≥ 0; documents without text have no passages.</summary>
    public int DocumentCount => Segment.DocumentCount;

    /// <summary>Model tokens of all passages.</summary>
    public long TotalPassageTokens { get; }

    /// <summary>Mean model tokens of a passage; 0 for an empty index.</summary>
    public double MeanPassageTokens => PassageCount == 0 ? 0 : (double)TotalPassageTokens / PassageCount;

    /// <summary>Model tokens of the longest passage; 0 for an empty index.</summary>
    public int MaxPassageTokens { get; }

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

    internal IndexSegment Segment { get; }

    /// <summary>Makes an index in memory.</summary>
    /// <param name="passages">The passages; those of one document share its id.</param>
    /// <param name="analyzer">How text becomes terms; null for <see cref="AnalyzerOptions.English"/>.</param>
    /// <returns>The index.</returns>
    /// <exception cref="ArgumentException">Two passages have the same id.</exception>
    public static Bm25Index Build(IEnumerable<Passage> passages, AnalyzerOptions? analyzer = null)
    {
        ArgumentNullException.ThrowIfNull(passages);
        var options = analyzer ?? AnalyzerOptions.English;
        var builder = new SegmentBuilder(options);
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
                builder.AddDocument(passage.DocumentId, passage.Title, passage.Source);
            }

            builder.AddPassage(passage, documents[passage.DocumentId]);
        }

        return new(builder.Build([]), options, tokenCounterName: null, splitter: null, roots: []);
    }

    /// <summary>Opens an index on disk.</summary>
    /// <param name="directory">The folder that holds it.</param>
    /// <param name="tokenCounterName">The token counter of this run; null when token counts do not matter to it.</param>
    /// <returns>The index.</returns>
    /// <exception cref="AgentRagException">There is no index, or it is damaged, foreign, of another format, or measured by another token counter.</exception>
    public static Bm25Index Open(string directory, string? tokenCounterName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var (manifest, segment) = new IndexDirectory(directory).Open();
        if (tokenCounterName is not null)
        {
            manifest.RequireTokenCounter(directory, tokenCounterName);
        }

        return new(segment, manifest.Analyzer, manifest.TokenCounter, manifest.Splitter, manifest.Roots);
    }

    /// <summary>Reads a passage.</summary>
    /// <param name="index">Its position in the index, in [0, <see cref="PassageCount"/>).</param>
    /// <returns>The passage.</returns>
    public Passage PassageAt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, PassageCount);
        return Segment.Passage(index);
    }

    /// <summary>Finds a passage.</summary>
    /// <param name="passageId">Its id.</param>
    /// <returns>The passage, or null when the index does not hold it.</returns>
    public Passage? Find(string passageId) => _passageById.Value.TryGetValue(passageId, out var passage) ? Segment.Passage(passage) : null;

    private IndexedDocument[] ListDocuments()
    {
        var passages = new int[DocumentCount];
        foreach (var document in Segment.PassageDocuments)
        {
            passages[document]++;
        }

        return [.. passages.Select((count, i) => new IndexedDocument(Segment.DocumentIds[i], Segment.DocumentTitles[i], Segment.DocumentSources[i], count))];
    }
}

/// <summary>A document as an index knows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its title.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="Passages">How many passages it was cut into, ≥ 0.</param>
public sealed record IndexedDocument(string Id, string Title, string Source, int Passages);
