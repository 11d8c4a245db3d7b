using System.Reflection;
using AgentRag.Documents;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>The state of an index that a writer makes: its segments, and what belongs into the manifest beside them.</summary>
internal sealed class IndexState(
    IndexDirectory directory, PassageSplitterOptions splitter, AnalyzerOptions analyzer, string tokenCounter, IReadOnlyList<string> roots)
{
    private readonly List<SegmentReference> _references = [];
    private readonly List<LiveSegment> _segments = [];

    public IReadOnlyList<LiveSegment> Segments => _segments;

    public IReadOnlyList<SegmentReference> References => _references;

    /// <summary>The state as a reader would open it.</summary>
    public Bm25Index Index => new(_segments, analyzer, tokenCounter, splitter, roots);

    /// <summary>Adds segments that are open.</summary>
    public void Add(IReadOnlyList<SegmentReference> references, IReadOnlyList<LiveSegment> segments)
    {
        _references.AddRange(references);
        _segments.AddRange(segments);
    }

    /// <summary>Adds segments that were just written.</summary>
    public void Add(IReadOnlyList<SegmentReference> references) => Add(references, [.. references.Select(directory.Open)]);

    /// <summary>Marks files as deleted; a segment that has lost all of its files goes at once.</summary>
    /// <param name="files">Per segment, the numbers of its files.</param>
    public void Delete(IReadOnlyList<IReadOnlySet<int>> files)
    {
        for (var i = files.Count - 1; i >= 0; i--)
        {
            if (files[i].Count == 0)
            {
                continue;
            }

            var (segment, before) = _segments[i];
            var entries = segment.Files();
            var deletions = SegmentDeletions.Mark(segment, before, files[i], entries, analyzer);
            if (deletions.FileCount == entries.Length)
            {
                _segments.RemoveAt(i);
                _references.RemoveAt(i);
                continue;
            }

            _segments[i] = new(segment, deletions);
            _references[i] = directory.Writing(() => directory.WriteDeletions(_references[i], deletions));
        }
    }

    /// <summary>Makes this the index's state.</summary>
    /// <param name="links">The links of this state; null to leave the index without.</param>
    public void Commit(LinksGraph? links = null) => directory.Writing(() =>
    {
        var manifest = new IndexManifest
        {
            Format = IndexManifest.FormatName,
            FormatVersion = IndexManifest.CurrentVersion,
            CreatedBy = $"agentrag {typeof(IndexState).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}",
            TokenCounter = tokenCounter,
            Splitter = splitter,
            Analyzer = analyzer,
            AnalysisVersion = Analyzer.Version,
            Segments = [.. _references],
            Files = IndexedFile.ListAll(_segments).Count,
            Documents = _segments.Sum(segment => segment.DocumentCount),
            Passages = _segments.Sum(segment => segment.PassageCount),
            Tokens = _segments.Sum(segment => segment.TotalTokens),
            Roots = roots,
        };
        if (links is not null)
        {
            directory.WriteLinks(manifest, links);
        }

        directory.Commit(manifest);
        return true;
    });
}
