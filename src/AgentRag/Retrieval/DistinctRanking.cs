namespace AgentRag.Retrieval;

/// <summary>A ranking in which every text occurs once, with what was left out for it.</summary>
/// <param name="Passages">The passages, best first, ranked from 1; of several that say the same the best ranked.</param>
/// <param name="Copies">The passages above the last of these that say the same as a better ranked one, with the retriever's ranks; length ≥ 0.</param>
internal sealed record DistinctRanking(IReadOnlyList<RankedPassage> Passages, IReadOnlyList<RankedPassage> Copies)
{
    /// <summary>Nothing.</summary>
    public static DistinctRanking Empty { get; } = new([], []);

    /// <summary>Takes the first k texts of a ranking.</summary>
    /// <param name="ranked">The ranking, best first.</param>
    /// <param name="k">How many, ≥ 0.</param>
    public static DistinctRanking Of(IReadOnlyList<RankedPassage> ranked, int k)
    {
        var seen = new HashSet<Documents.Passage>(Math.Min(ranked.Count, k), SamePassageText.Comparer);
        List<RankedPassage> passages = [];
        List<RankedPassage> copies = [];
        foreach (var passage in ranked)
        {
            if (passages.Count == k)
            {
                break;
            }

            if (seen.Add(passage.Passage))
            {
                passages.Add(copies.Count == 0 ? passage : passage with { Rank = passages.Count + 1 });
            }
            else
            {
                copies.Add(passage);
            }
        }

        return new DistinctRanking(passages, copies);
    }
}

/// <summary>Retrieval of passages that differ in what they say.</summary>
internal static class DistinctRetrieval
{
    // A second and a third look almost always suffice; a corpus that is made of copies is not read to its end for one question.
    private const int MostLooks = 3;
    private const int FurtherPerMissing = 4;
    private const int LeastFurther = 8;

    /// <summary>Finds the k best passages of which no two say the same.</summary>
    /// <remarks>Where copies take places, the retriever is asked for more, twice at most: it is asked once when there are none. What a further look fails at is left out.</remarks>
    /// <param name="retriever">Finds the passages.</param>
    /// <param name="query">What to look for; its k counts texts.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<DistinctRanking> RetrieveDistinctAsync(this IRetriever retriever, RetrievalQuery query, CancellationToken cancellationToken)
    {
        var k = query.K;
        var distinct = DistinctRanking.Empty;
        for (var look = 1; ; look++)
        {
            var asked = k == query.K ? query : new RetrievalQuery(query.Text, k) { Explain = query.Explain, Filter = query.Filter };
            IReadOnlyList<RankedPassage> ranked;
            try
            {
                ranked = await retriever.RetrieveAsync(asked, cancellationToken).ConfigureAwait(false);
            }
            catch (AgentRagException) when (look > 1)
            {
                // What the look before brought is worth more than an error.
                return distinct;
            }

            distinct = DistinctRanking.Of(ranked, query.K);
            var missing = query.K - distinct.Passages.Count;
            if (missing == 0 || ranked.Count < k || k == RetrievalQuery.MaxK || look == MostLooks)
            {
                return distinct;
            }

            k = Math.Min(RetrievalQuery.MaxK, k + Math.Max(LeastFurther, FurtherPerMissing * missing));
        }
    }
}
