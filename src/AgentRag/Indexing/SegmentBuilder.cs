using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>Collects documents and passages and makes a segment of them.</summary>
/// <param name="analyzer">Finds the terms of title, headings and text.</param>
internal sealed class SegmentBuilder(AnalyzerOptions analyzer)
{
    private readonly StringTableBuilder _documentIds = new();
    private readonly StringTableBuilder _documentTitles = new();
    private readonly StringTableBuilder _documentSources = new();
    private readonly StringTableBuilder _headingPaths = new();
    private readonly StringTableBuilder _passageIds = new();
    private readonly StringTableBuilder _passageTexts = new();
    private readonly Dictionary<string, int> _headingPathIndex = new(StringComparer.Ordinal);
    private readonly List<int> _passageDocuments = [];
    private readonly List<int> _passageHeadingPaths = [];
    private readonly List<int> _passageStarts = [];
    private readonly List<int> _passageEnds = [];
    private readonly List<int> _passageTokens = [];
    private readonly List<int> _passageTerms = [];
    private readonly TermCounts _terms = new();

    public int DocumentCount => _documentIds.Count;

    public int PassageCount => _passageDocuments.Count;

    /// <summary>Adds a document; the passages that follow are its.</summary>
    public void AddDocument(string id, string title, string source)
    {
        _documentIds.Add(id);
        _documentTitles.Add(title);
        _documentSources.Add(source);
    }

    /// <summary>Adds a passage of the last document.</summary>
    public void AddPassage(Passage passage) => AddPassage(passage, DocumentCount - 1);

    /// <summary>Adds a passage of any document added before.</summary>
    public void AddPassage(Passage passage, int document)
    {
        _terms.BeginPassage();
        AddTerms(passage.Title);
        foreach (var heading in passage.HeadingPath)
        {
            AddTerms(heading);
        }

        AddTerms(passage.Text);
        _passageIds.Add(passage.Id);
        _passageTexts.Add(passage.Text);
        AddColumns(document, string.Join('\n', passage.HeadingPath), passage.Start, passage.End, passage.TokenCount, _terms.EndPassage());
    }

    /// <summary>Takes one document and its passages over from another segment, without analysing them again.</summary>
    public void AddDocument(SegmentCopy source, int document)
    {
        var old = source.Segment;
        AddDocument(old.DocumentIds[document], old.DocumentTitles[document], old.DocumentSources[document]);
        foreach (var passage in source.PassagesOf(document))
        {
            _terms.BeginPassage();
            foreach (var (term, frequency) in source.TermsOf(passage))
            {
                _terms.Add(old.Terms, term, frequency, source.TermMap);
            }

            _passageIds.Add(old.PassageIds.Bytes(passage));
            _passageTexts.Add(old.PassageTexts.Bytes(passage));
            AddColumns(
                DocumentCount - 1,
                old.HeadingPaths[old.PassageHeadingPaths[passage]],
                old.PassageStarts[passage],
                old.PassageEnds[passage],
                old.PassageTokens[passage],
                _terms.EndPassage());
        }
    }

    /// <summary>Makes the segment.</summary>
    /// <param name="files">The files in the order of their documents.</param>
    public IndexSegment Build(IReadOnlyList<FileEntry> files)
    {
        var (terms, ends, passages, frequencies) = _terms.Invert();
        return new IndexSegment
        {
            DocumentIds = _documentIds.ToTable(),
            DocumentTitles = _documentTitles.ToTable(),
            DocumentSources = _documentSources.ToTable(),
            HeadingPaths = _headingPaths.ToTable(),
            PassageIds = _passageIds.ToTable(),
            PassageTexts = _passageTexts.ToTable(),
            PassageDocuments = [.. _passageDocuments],
            PassageHeadingPaths = [.. _passageHeadingPaths],
            PassageStarts = [.. _passageStarts],
            PassageEnds = [.. _passageEnds],
            PassageTokens = [.. _passageTokens],
            PassageTerms = [.. _passageTerms],
            Terms = terms,
            PostingEnds = ends,
            PostingPassages = passages,
            PostingFrequencies = frequencies,
            Files = files,
        };
    }

    private void AddTerms(string text)
    {
        var reader = new TermReader(text, analyzer, stackalloc char[TermReader.BufferLength]);
        while (reader.MoveNext())
        {
            _terms.Add(reader.Current);
        }
    }

    private void AddColumns(int document, string headingPath, int start, int end, int tokens, int terms)
    {
        if (!_headingPathIndex.TryGetValue(headingPath, out var path))
        {
            _headingPathIndex.Add(headingPath, path = _headingPaths.Count);
            _headingPaths.Add(headingPath);
        }

        _passageDocuments.Add(document);
        _passageHeadingPaths.Add(path);
        _passageStarts.Add(start);
        _passageEnds.Add(end);
        _passageTokens.Add(tokens);
        _passageTerms.Add(terms);
    }
}
