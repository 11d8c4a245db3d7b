namespace AgentRag.Indexing.Vectors;

/// <summary>Adds rows to the vectors of an index, each time as a state of its own. The directory's lock must be held.</summary>
internal sealed class VectorWriter
{
    // With this factor a row is written about log2(commits) / 2 times, and commits leave a handful of segments.
    private const int AbsorbFactor = 3;

    private readonly VectorDirectory _directory;
    private readonly List<VectorSegment> _segments;
    private VectorManifest _manifest;

    public VectorWriter(VectorDirectory directory, VectorManifest manifest, IReadOnlyList<VectorSegment> segments)
    {
        (_directory, _manifest, _segments) = (directory, manifest, [.. segments]);
        RowsByKey = VectorStore.RowsByKey(segments);
        RowCount = segments.Sum(segment => segment.Rows);
    }

    public Dictionary<VectorKey, int> RowsByKey { get; }

    public int RowCount { get; private set; }

    public VectorManifest Manifest => _manifest;

    /// <summary>What a row is found by.</summary>
    public VectorKey KeyOf(int row)
    {
        var segment = 0;
        for (; row >= _segments[segment].Rows; segment++)
        {
            row -= _segments[segment].Rows;
        }

        return _segments[segment].Key(row);
    }

    /// <summary>Adds rows behind those there are, and commits.</summary>
    public void Append(IReadOnlyList<VectorKey> keys, IReadOnlyList<ReadOnlyMemory<float>> vectors)
    {
        var added = new VectorRows(_manifest.Layout, keys, vectors);

        // The last segments are taken into the new one while they are small beside it. Rows keep their numbers: only the end is written anew.
        var (first, rows) = (_segments.Count, added.Rows);
        while (first > 0 && _segments[first - 1].Rows < (long)rows * AbsorbFactor)
        {
            rows += _segments[--first].Rows;
        }

        List<RowRange> ranges = [.. _segments.Skip(first).Select(segment => new RowRange(segment, 0, segment.Rows)), new(added, 0, added.Rows)];
        var file = _directory.WriteSegment(_manifest, ranges, CancellationToken.None);
        Replace([.. _manifest.Segments.Take(first), file], _manifest.Placements);
        foreach (var key in keys)
        {
            RowsByKey.TryAdd(key, RowCount++);
        }
    }

    /// <summary>Writes down where the passages have their rows. Rows that nobody uses any more are dropped when they are the greater part.</summary>
    /// <param name="rowsOfSegments">By the checksum of the index's segment, the row of each passage, or -1.</param>
    /// <param name="cancellationToken">Ends the run; what is committed stays.</param>
    public void Finish(IReadOnlyList<(uint Segment, int[] Rows)> rowsOfSegments, CancellationToken cancellationToken)
    {
        var isUsed = new bool[RowCount];
        foreach (var row in rowsOfSegments.SelectMany(placement => placement.Rows).Where(row => row >= 0))
        {
            isUsed[row] = true;
        }

        IReadOnlyList<VectorFile> files = _manifest.Segments;
        if (isUsed.Count(used => used) * 2L < RowCount)
        {
            var (ranges, numbers) = Compact(isUsed);
            files = ranges.Count == 0 ? [] : [_directory.WriteSegment(_manifest, ranges, cancellationToken)];
            rowsOfSegments = [.. rowsOfSegments.Select(placement => (placement.Segment, Array.ConvertAll(placement.Rows, row => row < 0 ? row : numbers[row])))];
        }

        Replace(files, [.. rowsOfSegments.DistinctBy(placement => placement.Segment).Select(placement => _directory.WritePlacement(placement.Segment, placement.Rows))]);
        RowCount = _segments.Sum(segment => segment.Rows);
    }

    private (List<RowRange> Ranges, int[] Numbers) Compact(bool[] isUsed)
    {
        List<RowRange> ranges = [];
        var (numbers, first, kept) = (new int[isUsed.Length], 0, 0);
        foreach (var segment in _segments)
        {
            for (var row = 0; row < segment.Rows; row++)
            {
                if (!isUsed[first + row])
                {
                    continue;
                }

                numbers[first + row] = kept++;
                if (ranges.Count > 0 && ReferenceEquals(ranges[^1].Source, segment) && ranges[^1].First + ranges[^1].Count == row)
                {
                    ranges[^1] = ranges[^1] with { Count = ranges[^1].Count + 1 };
                }
                else
                {
                    ranges.Add(new(segment, row, 1));
                }
            }

            first += segment.Rows;
        }

        return (ranges, numbers);
    }

    private void Replace(IReadOnlyList<VectorFile> files, IReadOnlyList<PlacementFile> placements)
    {
        var kept = _segments.TakeWhile((segment, i) => i < files.Count && segment.Name == files[i].Name).ToList();
        _manifest = _manifest with { Segments = files, Placements = placements };
        _directory.Commit(_manifest);
        _segments.Clear();
        _segments.AddRange(kept);
        _segments.AddRange(files.Skip(kept.Count).Select(file => _directory.Open(_manifest, file)));
    }
}
