using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>Merges segments beside readers and writers: their lock is taken for the commit alone.</summary>
/// <remarks>
/// What writers delete while the merge is at work is deleted in the merged segment too, file by file, before it is committed. The passages stay what they are
/// and get other numbers, so the links are renumbered and not looked for again.
/// </remarks>
internal sealed class MergeRun(IndexDirectory directory, TimeProvider time)
{
    /// <summary>Merges while the policy finds segments, each time as a state of its own.</summary>
    /// <returns>How many times.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (Choose().Count == 0)
        {
            return 0;
        }

        using var merges = directory.TryLockMerges();
        for (var count = 0; ; count++)
        {
            if (merges is null || Choose() is not { Count: > 0 } sources)
            {
                return count;
            }

            var merged = directory.Writing(() => Write(sources, cancellationToken));
            using var writerLock = await directory.LockAsync(time, patience: null, cancellationToken).ConfigureAwait(false);
            Commit(sources, merged);
        }
    }

    private List<Source> Choose()
    {
        var (manifest, segments) = directory.Open();
        return
        [
            .. MergePolicy.Choose([.. segments.Select(segment => (segment.PassageCount, segment.Segment.PassageCount))])
                .Select(i => new Source(manifest.Segments[i], segments[i])),
        ];
    }

    private (uint Checksum, int[][] NewPassages) Write(List<Source> sources, CancellationToken cancellationToken)
    {
        using var file = directory.CreateMerging();
        var merged = SegmentMerger.Merge([.. sources.Select(source => source.Segment)], file.Stream, cancellationToken);
        file.Complete();
        return merged;
    }

    private void Commit(List<Source> sources, (uint Checksum, int[][] NewPassages) merged)
    {
        // Writers may have committed since.
        var (manifest, segments) = directory.Open();
        var places = sources.ConvertAll(source => manifest.Segments.ToList().FindIndex(source.IsSegment));
        if (places.TrueForAll(place => place < 0))
        {
            return;
        }

        var reference = new SegmentReference(directory.Writing(directory.AdoptMerged), merged.Checksum, Deletions: null, DeletionsChecksum: 0);
        var segment = directory.Open(reference).Segment;
        var (deletions, isGone) = Deletions(sources, [.. places.Select(place => place < 0 ? null : segments[place])], segment, manifest.Analyzer);
        var state = new IndexState(directory, manifest.Splitter, manifest.Analyzer, manifest.TokenCounter, manifest.Roots);
        var at = places.Where(place => place >= 0).Min();
        for (var i = 0; i < segments.Count; i++)
        {
            if (i == at && !isGone)
            {
                var live = deletions is null ? reference : directory.Writing(() => directory.WriteDeletions(reference, deletions));
                state.Add([live], [new(segment, deletions)]);
            }

            if (!places.Contains(i))
            {
                state.Add([manifest.Segments[i]], [segments[i]]);
            }
        }

        var links = directory.SoundLinks(manifest.ContentChecksum);
        state.Commit(links?.Renumbered(NewPositions(segments, places, merged.NewPassages, state.Segments, segment)));
    }

    /// <summary>What has been deleted of the sources since they were read, as deletions of the merged segment.</summary>
    /// <param name="sources">The sources as they were read.</param>
    /// <param name="now">The sources as they are now; null where one is gone, and with it all of its files.</param>
    /// <param name="merged">The merged segment.</param>
    /// <param name="analyzer">How terms are found.</param>
    /// <returns>The deletions, null for none; and whether nothing is left.</returns>
    private static (SegmentDeletions? Deletions, bool IsGone) Deletions(List<Source> sources, LiveSegment?[] now, Segment merged, AnalyzerOptions analyzer)
    {
        HashSet<int> deleted = [];
        var number = 0;
        for (var source = 0; source < sources.Count; source++)
        {
            var (segment, before) = sources[source].Segment;
            for (var file = 0; file < segment.FileCount; file++)
            {
                if (before is not null && SegmentDeletions.IsMarked(before.Files, file))
                {
                    continue;
                }

                if (now[source] is not { } live || (live.Deletions is { } since && SegmentDeletions.IsMarked(since.Files, file)))
                {
                    deleted.Add(number);
                }

                number++;
            }
        }

        return deleted.Count == 0 ? (null, false) : deleted.Count == number ? (null, true) : (SegmentDeletions.Mark(merged, before: null, deleted, merged.Files(), analyzer), false);
    }

    /// <summary>For each position in the old state, that in the new one.</summary>
    private static int[] NewPositions(
        IReadOnlyList<LiveSegment> old, List<int> places, int[][] newPassages, IReadOnlyList<LiveSegment> state, Segment merged)
    {
        Dictionary<Segment, int[]> positions = [];
        var next = 0;
        foreach (var live in state)
        {
            var of = positions[live.Segment] = new int[live.Segment.PassageCount];
            for (var passage = 0; passage < of.Length; passage++)
            {
                of[passage] = live.IsDeleted(passage) ? -1 : next++;
            }
        }

        List<int> moved = [];
        for (var segment = 0; segment < old.Count; segment++)
        {
            var source = places.IndexOf(segment);
            for (var passage = 0; passage < old[segment].Segment.PassageCount; passage++)
            {
                if (!old[segment].IsDeleted(passage))
                {
                    moved.Add(source < 0 ? positions[Same(state, old[segment])][passage] : positions[merged][newPassages[source][passage]]);
                }
            }
        }

        return [.. moved];
    }

    private static Segment Same(IReadOnlyList<LiveSegment> state, LiveSegment old) => state.First(live => ReferenceEquals(live.Segment, old.Segment)).Segment;

    /// <summary>A segment that is merged.</summary>
    private sealed record Source(SegmentReference Reference, LiveSegment Segment)
    {
        /// <summary>Whether a manifest's segment is this one; its deletions may be others.</summary>
        public bool IsSegment(SegmentReference other) => other.Name == Reference.Name && other.Checksum == Reference.Checksum;
    }
}
