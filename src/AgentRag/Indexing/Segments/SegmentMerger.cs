namespace AgentRag.Indexing.Segments;

/// <summary>Writes several segments as one, without what is deleted in them.</summary>
/// <remarks>Order of segments and passages stays. Postings are decoded and coded anew, because the codes fit one segment's lengths; memory holds one term's at a time.</remarks>
internal sealed class SegmentMerger
{
    private const int Deleted = -1;

    private readonly IReadOnlyList<LiveSegment> _sources;
    private readonly SegmentWriter _writer;
    private readonly int[][] _newPassages;
    private readonly List<FileEntry> _files = [];

    private SegmentMerger(IReadOnlyList<LiveSegment> sources, Stream stream)
    {
        (_sources, _writer) = (sources, new(stream));
        _newPassages = new int[sources.Count][];
    }

    /// <summary>Merges.</summary>
    /// <returns>The new segment's checksum; and, per source and passage, its number in the new segment, -1 for deleted ones.</returns>
    public static (uint Checksum, int[][] NewPassages) Merge(IReadOnlyList<LiveSegment> sources, Stream stream, CancellationToken cancellationToken)
    {
        var merger = new SegmentMerger(sources, stream);
        for (var source = 0; source < sources.Count; source++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            merger.AddPassages(source);
        }

        merger._writer.BeginTerms();
        merger.AddTerms(cancellationToken);
        return (merger._writer.Finish(merger._files), merger._newPassages);
    }

    private void AddPassages(int source)
    {
        var (segment, deletions) = (_sources[source].Segment, _sources[source].Deletions);
        var files = segment.Files();
        for (var file = 0; file < files.Length; file++)
        {
            if (deletions is null || !SegmentDeletions.IsMarked(deletions.Files, file))
            {
                _files.Add(files[file]);
            }
        }

        var newDocuments = new int[segment.DocumentCount];
        var (metadata, newPairs) = (segment.Metadata, new int[segment.Metadata.PairCount]);
        Array.Fill(newPairs, -1);
        for (var document = 0; document < newDocuments.Length; document++)
        {
            var isDeleted = deletions is not null && SegmentDeletions.IsMarked(deletions.Documents, document);
            newDocuments[document] = isDeleted ? Deleted : _writer.DocumentCount;
            if (!isDeleted)
            {
                _writer.AddDocument(segment.DocumentBytes(document, 0), segment.DocumentBytes(document, 1), segment.DocumentBytes(document, 2));
                foreach (var pair in metadata.PairsOf(document))
                {
                    newPairs[pair] = newPairs[pair] >= 0 ? newPairs[pair] : _writer.Metadata.NumberOf(metadata.Pair(pair));
                    _writer.Metadata.Add(newPairs[pair]);
                }
            }
        }

        var newPassages = _newPassages[source] = new int[segment.PassageCount];
        var blocks = segment.Blocks;
        var documents = segment.PassageDocuments;
        var tokens = segment.PassageTokens;
        var lengths = segment.PassageLengths;
        var hashes = segment.PassageHashes();
        for (var block = 0; block < blocks.Length; block++)
        {
            var (first, end) = (blocks[block].FirstPassage, block + 1 < blocks.Length ? blocks[block + 1].FirstPassage : segment.PassageCount);
            var isWhole = deletions is null || !AnyDeleted(deletions.Passages, first, end);
            if (isWhole)
            {
                _writer.CopyBlock(blocks[block], segment.BlockBytes(blocks[block]), end - first);
            }

            for (var passage = first; passage < end; passage++)
            {
                if (!isWhole && SegmentDeletions.IsMarked(deletions!.Passages, passage))
                {
                    newPassages[passage] = Deleted;
                    continue;
                }

                newPassages[passage] = _writer.PassageCount;
                var document = newDocuments[documents[passage]];
                if (isWhole)
                {
                    _writer.AddColumns(document, hashes[passage], tokens[passage], lengths[passage]);
                }
                else
                {
                    _writer.AddPassage(document, segment.Stored(passage), tokens[passage], lengths[passage]);
                }
            }
        }
    }

    private void AddTerms(CancellationToken cancellationToken)
    {
        var next = new int[_sources.Count];
        var (passages, frequencies) = (Array.Empty<int>(), Array.Empty<int>());
        while (true)
        {
            ReadOnlySpan<byte> least = default;
            var (found, total) = (false, 0);
            for (var source = 0; source < next.Length; source++)
            {
                if (next[source] < _sources[source].Segment.TermCount)
                {
                    var term = _sources[source].Segment.Term(next[source]);
                    if (!found || term.SequenceCompareTo(least) < 0)
                    {
                        least = term;
                        found = true;
                    }
                }
            }

            if (!found)
            {
                return;
            }

            cancellationToken.ThrowIfCancellationRequested();
            for (var source = 0; source < next.Length; source++)
            {
                var segment = _sources[source].Segment;
                if (next[source] == segment.TermCount || !segment.Term(next[source]).SequenceEqual(least))
                {
                    continue;
                }

                var list = segment.Postings(next[source]++);
                if (passages.Length < total + list.Count)
                {
                    Array.Resize(ref passages, (total + list.Count) * 2);
                    Array.Resize(ref frequencies, (total + list.Count) * 2);
                }

                list.Decode(passages.AsSpan(total, list.Count), frequencies.AsSpan(total, list.Count));
                total = Renumber(_newPassages[source], passages, frequencies, total, list.Count);
            }

            if (total > 0)
            {
                _writer.AddTerm(least, passages.AsSpan(0, total), frequencies.AsSpan(0, total));
            }
        }
    }

    private static int Renumber(int[] newPassages, int[] passages, int[] frequencies, int start, int count)
    {
        var kept = start;
        for (var i = start; i < start + count; i++)
        {
            var passage = newPassages[passages[i]];
            if (passage != Deleted)
            {
                (passages[kept], frequencies[kept++]) = (passage, frequencies[i]);
            }
        }

        return kept;
    }

    private static bool AnyDeleted(ulong[] bits, int first, int end)
    {
        for (var passage = first; passage < end; passage++)
        {
            if (SegmentDeletions.IsMarked(bits, passage))
            {
                return true;
            }
        }

        return false;
    }
}
