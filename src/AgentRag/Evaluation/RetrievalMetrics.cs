namespace AgentRag.Evaluation;

/// <summary>How well a ranking finds the supporting documents. A document is relevant when the question's labels name it; several of its passages count once.</summary>
public static class RetrievalMetrics
{
    /// <summary>RecallAtK: the share of supporting documents among the first k different documents of a ranking.</summary>
    /// <param name="rankedDocumentIds">Document ids of the ranked passages, best first; repeats count once.</param>
    /// <param name="supporting">Ids of the supporting documents; length ≥ 1.</param>
    /// <param name="k">How many documents count, ≥ 1.</param>
    /// <returns>A share in [0, 1].</returns>
    /// <exception cref="ArgumentException">There is no supporting document, or k is below 1.</exception>
    public static double RecallAtK(IEnumerable<string> rankedDocumentIds, IReadOnlyCollection<string> supporting, int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        var wanted = Wanted(supporting);
        return (double)rankedDocumentIds.Distinct(StringComparer.Ordinal).Take(k).Count(wanted.Contains) / wanted.Count;
    }

    /// <summary>NDCG over the whole ranking with gains of 0 and 1 (Järvelin and Kekäläinen, 2002): 1 when the supporting documents come first.</summary>
    /// <param name="rankedDocumentIds">Document ids of the ranked passages, best first; repeats count once.</param>
    /// <param name="supporting">Ids of the supporting documents; length ≥ 1.</param>
    /// <returns>A value in [0, 1]; the ideal ranking holds all supporting documents, also when the ranking is shorter.</returns>
    /// <exception cref="ArgumentException">There is no supporting document.</exception>
    public static double Ndcg(IEnumerable<string> rankedDocumentIds, IReadOnlyCollection<string> supporting)
    {
        var wanted = Wanted(supporting);
        var gain = rankedDocumentIds.Distinct(StringComparer.Ordinal).Select((id, i) => wanted.Contains(id) ? Discount(i) : 0).Sum();
        return gain / Enumerable.Range(0, wanted.Count).Sum(Discount);

        static double Discount(int index) => 1 / Math.Log2(index + 2);
    }

    /// <summary>1 / position of the first supporting document; the mean of it over questions is MRR.</summary>
    /// <param name="rankedDocumentIds">Document ids of the ranked passages, best first; repeats count once.</param>
    /// <param name="supporting">Ids of the supporting documents; length ≥ 1.</param>
    /// <returns>A value in [0, 1]; 0 when none is in the ranking.</returns>
    /// <exception cref="ArgumentException">There is no supporting document.</exception>
    public static double ReciprocalRank(IEnumerable<string> rankedDocumentIds, IReadOnlyCollection<string> supporting)
    {
        var wanted = Wanted(supporting);
        foreach (var (i, id) in rankedDocumentIds.Distinct(StringComparer.Ordinal).Index())
        {
            if (wanted.Contains(id))
            {
                return 1.0 / (i + 1);
            }
        }

        return 0;
    }

    private static HashSet<string> Wanted(IReadOnlyCollection<string> supporting)
    {
        ArgumentNullException.ThrowIfNull(supporting);
        return supporting.Count > 0
            ? supporting.ToHashSet(StringComparer.Ordinal)
            : throw new ArgumentException("A retrieval metric needs at least one supporting document.", nameof(supporting));
    }
}
