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

    /// <summary>Adds segments that are open.</summary>
    public void Add(IReadOnlyList<SegmentReference> references, IReadOnlyList<LiveSegment> segments)
    {
        _references.AddRange(references);
        _segments.AddRange(segments);
    }

    /// <summary>Adds segments that were just written.</summary>
    public void Add(IReadOnlyList<SegmentReference> references) => Add(references, [.. references.Select(directory.Open)]);

    /// <summary>Marks files as deleted.</summary>
    /// <param name="files">Per segment, the numbers of its files.</param>
    public void Delete(IReadOnlyList<IReadOnlySet<int>> files)
    {
        for (var i = 0; i < files.Count; i++)
        {
            if (files[i].Count > 0)
            {
                var (segment, before) = _segments[i];
                var deletions = SegmentDeletions.Mark(segment, before, files[i], segment.Files(), analyzer);
                _segments[i] = new(segment, deletions);
                _references[i] = directory.Writing(() => directory.WriteDeletions(_references[i], deletions));
            }
        }
    }

    /// <summary>Makes this the index's state.</summary>
    public void Commit() => directory.Writing(() =>
    {
        directory.Commit(new IndexManifest
        {
            Format = IndexManifest.FormatName,
            FormatVersion = IndexManifest.CurrentVersion,
            CreatedBy = $"agentrag {typeof(IndexState).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}",
            TokenCounter = tokenCounter,
            Splitter = splitter,
            Analyzer = analyzer,
            Segments = [.. _references],
            Files = IndexedFile.ListAll(_segments).Count,
            Documents = _segments.Sum(segment => segment.DocumentCount),
            Passages = _segments.Sum(segment => segment.PassageCount),
            Tokens = _segments.Sum(segment => segment.TotalTokens),
            Roots = roots,
        });
        return true;
    });

    /// <summary>Merges segments while the policy finds some, each time as a state of its own.</summary>
    public void Merge(CancellationToken cancellationToken)
    {
        while (MergePolicy.Choose([.. _segments.Select(segment => (segment.PassageCount, segment.Segment.PassageCount))]) is { Count: > 0 } chosen)
        {
            List<LiveSegment> sources = [.. chosen.Select(i => _segments[i])];
            var merged = sources.Exists(source => source.PassageCount > 0 || IndexedFile.ListAll([source]).Count > 0)
                ? directory.Writing(() => Write(sources, cancellationToken))
                : null;
            for (var i = chosen.Count - 1; i >= 0; i--)
            {
                _segments.RemoveAt(chosen[i]);
                _references.RemoveAt(chosen[i]);
            }

            if (merged is not null)
            {
                _references.Insert(chosen[0], merged);
                _segments.Insert(chosen[0], directory.Open(merged));
            }

            Commit();
        }
    }

    private SegmentReference Write(List<LiveSegment> sources, CancellationToken cancellationToken)
    {
        using var file = directory.CreateSegment();
        var checksum = SegmentMerger.Merge(sources, file.Stream, cancellationToken);
        file.Complete();
        return new(file.Name, checksum, Deletions: null, DeletionsChecksum: 0);
    }
}
