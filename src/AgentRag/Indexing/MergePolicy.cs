namespace AgentRag.Indexing;

/// <summary>Which segments of an index are merged.</summary>
/// <remarks>
/// A segment with more than a fifth of its passages deleted is written anew. With more than eight segments, the smallest are merged: enough of them, and
/// every further one that is not larger than those before it together, so that each passage is rewritten a logarithmic number of times.
/// </remarks>
internal static class MergePolicy
{
    public const int MaxSegments = 8;
    private const double MaxDeletedShare = 0.2;

    /// <summary>Chooses.</summary>
    /// <param name="sizes">Of each segment, the passages that count and all passages.</param>
    /// <returns>Numbers of the segments to be written as one, ascending; empty for none.</returns>
    public static IReadOnlyList<int> Choose(IReadOnlyList<(int Live, int All)> sizes)
    {
        List<int> chosen = [.. Enumerable.Range(0, sizes.Count).Where(i => sizes[i].All - sizes[i].Live > MaxDeletedShare * sizes[i].All)];
        if (sizes.Count > MaxSegments)
        {
            var total = 0L;
            var left = sizes.Count;
            foreach (var segment in Enumerable.Range(0, sizes.Count).OrderBy(i => sizes[i].Live).ThenBy(i => i))
            {
                if (left <= MaxSegments / 2 || (left < MaxSegments && sizes[segment].Live > total))
                {
                    break;
                }

                chosen.Add(segment);
                total += sizes[segment].Live;
                left--;
            }
        }

        return [.. chosen.Distinct().Order()];
    }
}
