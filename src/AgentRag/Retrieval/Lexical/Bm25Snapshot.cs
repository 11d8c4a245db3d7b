using AgentRag.Indexing;

namespace AgentRag.Retrieval.Lexical;

/// <summary>What a search needs to know about an index beside its postings. Never changes.</summary>
internal sealed class Bm25Snapshot
{
    public Bm25Snapshot(Bm25Index index, Bm25Options options)
    {
        (Index, Options, Norm) = (index, options, new(index.MeanPassageTerms, options.K1, options.B));
        FirstPassages = new int[index.Segments.Length + 1];
        for (var segment = 0; segment < index.Segments.Length; segment++)
        {
            FirstPassages[segment + 1] = checked(FirstPassages[segment] + index.Segments[segment].Segment.PassageCount);
        }

        Bounds = Array.ConvertAll(index.Segments, segment => CodeBounds.Make(segment.Segment, Math.Max(1e-9, index.MeanPassageTerms), options.K1, options.B));
        Live = Array.ConvertAll(index.Segments, segment => segment.Deletions is null ? null : Array.ConvertAll(segment.Deletions.Passages, word => ~word));
    }

    public Bm25Index Index { get; }

    public Bm25Options Options { get; }

    public LengthNorm Norm { get; }

    /// <summary>Number of each segment's first passage, deleted ones counted, and behind the last.</summary>
    public int[] FirstPassages { get; }

    public CodeBounds[] Bounds { get; }

    /// <summary>Per segment, one bit for each passage that is not deleted; null for all.</summary>
    public ulong[]?[] Live { get; }

    public int SegmentOf(int passage)
    {
        var found = Array.BinarySearch(FirstPassages, passage);
        if (found < 0)
        {
            return ~found - 1;
        }

        // Empty segments share their first passage with the next one.
        while (FirstPassages[found + 1] == passage)
        {
            found++;
        }

        return found;
    }
}
