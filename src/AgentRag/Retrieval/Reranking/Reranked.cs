namespace AgentRag.Retrieval.Reranking;

/// <summary>Makes the ranking that a reranker returns.</summary>
internal static class Reranked
{
    public static void Check(string query, IReadOnlyList<RankedPassage> passages, int topK)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(query);
        ArgumentNullException.ThrowIfNull(passages);
        ArgumentOutOfRangeException.ThrowIfNegative(topK);
    }

    /// <summary>Gives the passages their new ranks and scores.</summary>
    /// <param name="name">The reranker's name.</param>
    /// <param name="ordered">The passages with their new scores, best first.</param>
    public static IReadOnlyList<RankedPassage> From(string name, IEnumerable<(RankedPassage Passage, double Score)> ordered) =>
    [
        .. ordered.Select((item, i) => new RankedPassage(
            item.Passage.Passage,
            i + 1,
            item.Score,
            item.Passage.Explanation is { } first ? new(item.Score, $"reranked by {name}, rank {item.Passage.Rank} before", [first]) : null)),
    ];
}
