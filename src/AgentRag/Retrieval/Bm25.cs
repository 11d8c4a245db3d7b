namespace AgentRag.Retrieval;

/// <summary>Okapi BM25 relevance of one passage for one query.</summary>
/// <remarks>Source: Kamphuis et al., ECIR 2020, variant "Lucene (accurate)". Pure; safe for concurrent use.</remarks>
public static class Bm25
{
    /// <summary>Sums the scores of all query terms.</summary>
    /// <param name="termFrequencies">Occurrences of each query term in the passage: length T, entries ≥ 0.</param>
    /// <param name="idf">Inverse document frequency of each query term: length T, natural logarithm.</param>
    /// <param name="lengthRatio">Passage length / mean length of the index, both in index terms (not model tokens); > 0.</param>
    /// <param name="k1">Term-frequency saturation, > 0. Lucene's default is 1.2.</param>
    /// <param name="b">Length normalisation, in [0, 1]. Lucene's default is 0.75.</param>
    /// <returns>A score ≥ 0 without upper bound; compare it only within one query on one index.</returns>
    /// <exception cref="ArgumentException">The two spans differ in length.</exception>
    public static double Score(
        ReadOnlySpan<int> termFrequencies, ReadOnlySpan<double> idf, double lengthRatio, double k1 = 1.2, double b = 0.75)
    {
        if (termFrequencies.Length != idf.Length)
        {
            throw new ArgumentException($"One idf per query term is needed: got {idf.Length} for {termFrequencies.Length} terms.", nameof(idf));
        }

        var (score, norm) = (0.0, Norm(lengthRatio, k1, b));
        for (var t = 0; t < idf.Length; t++)
        {
            score += idf[t] * termFrequencies[t] / (termFrequencies[t] + norm);
        }

        return score;
    }

    /// <summary>Inverse document frequency, never negative: ln(1 + (N - df + 0.5) / (df + 0.5)).</summary>
    /// <param name="passages">Passages in the index, N ≥ 0.</param>
    /// <param name="passagesWithTerm">Passages that hold the term, df in [0, N].</param>
    /// <returns>The weight of the term, > 0; natural logarithm.</returns>
    public static double Idf(int passages, int passagesWithTerm) => Math.Log(1 + ((passages - passagesWithTerm + 0.5) / (passagesWithTerm + 0.5)));

    /// <summary>What is added to a term's frequency in the denominator: larger for longer passages.</summary>
    internal static double Norm(double lengthRatio, double k1, double b) => k1 * (1 - b + (b * lengthRatio));
}
