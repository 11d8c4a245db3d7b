using AgentRag.Retrieval;

namespace AgentRag.Answering.Rewriting;

/// <summary>Several rankings of one retriever made into one.</summary>
internal static class FusedRankings
{
    // Cormack, Clarke and Buettcher, SIGIR 2009.
    private const int RankConstant = 60;

    /// <summary>Reciprocal rank fusion: a passage scores the sum of 1 / (60 + rank) over the rankings that hold it.</summary>
    /// <param name="rankings">The rankings, best first.</param>
    /// <param name="k">Passages to keep, ≥ 0.</param>
    /// <returns>The best k, ranked from 1; equal scores in the order in which they were first found.</returns>
    public static IReadOnlyList<RankedPassage> ByReciprocalRank(IReadOnlyList<IReadOnlyList<RankedPassage>> rankings, int k) =>
    [
        .. rankings.SelectMany(ranking => ranking)
            .GroupBy(found => found.Passage.Id, StringComparer.Ordinal)
            .Select(found => (found.First().Passage, Score: found.Sum(ranked => 1.0 / (RankConstant + ranked.Rank))))
            .OrderByDescending(found => found.Score)
            .Take(k)
            .Select((found, index) => new RankedPassage(found.Passage, index + 1, found.Score)),
    ];
}
