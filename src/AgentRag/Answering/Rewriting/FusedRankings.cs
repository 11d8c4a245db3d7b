using AgentRag.Retrieval;

namespace AgentRag.Answering.Rewriting;

/// <summary>Several rankings of one retriever made into one.</summary>
internal static class FusedRankings
{
    // Cormack, Clarke and Buettcher, SIGIR 2009.
    private const int RankConstant = 60;

    /// <summary>Reciprocal rank fusion: a text scores the sum of 1 / (60 + rank) over the rankings that hold it, whichever passage says it.</summary>
    /// <param name="rankings">The rankings, best first.</param>
    /// <param name="k">Passages to keep, ≥ 0.</param>
    /// <returns>The best k, ranked from 1, equal scores in the order in which they were first found; and their copies in all rankings.</returns>
    public static DistinctRanking ByReciprocalRank(IReadOnlyList<DistinctRanking> rankings, int k)
    {
        var found = rankings.SelectMany(ranking => ranking.Passages).GroupBy(ranked => ranked.Passage, SamePassageText.Comparer).ToList();
        var best = found.Select(same => (same.First().Passage, Score: same.Sum(ranked => 1.0 / (RankConstant + ranked.Rank))))
            .OrderByDescending(text => text.Score)
            .Take(k)
            .ToList();
        var kept = best.Select(text => text.Passage).ToHashSet(SamePassageText.Comparer);
        var copies = rankings.SelectMany(ranking => ranking.Copies)
            .Concat(found.SelectMany(same => same.Where(ranked => ranked.Passage.Id != same.First().Passage.Id)));
        return new DistinctRanking(
            [.. best.Select((text, index) => new RankedPassage(text.Passage, index + 1, text.Score))], [.. copies.Where(copy => kept.Contains(copy.Passage))]);
    }
}
