namespace AgentRag.Evaluation;

/// <summary>How well a ranking finds the supporting documents.</summary>
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
        ArgumentNullException.ThrowIfNull(supporting);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        if (supporting.Count == 0)
        {
            throw new ArgumentException("Recall needs at least one supporting document.", nameof(supporting));
        }

        var wanted = supporting.ToHashSet(StringComparer.Ordinal);
        return (double)rankedDocumentIds.Distinct(StringComparer.Ordinal).Take(k).Count(wanted.Contains) / wanted.Count;
    }
}
