namespace AgentRag.Retrieval.Fusion;

/// <summary>What one ranking adds to the fused score of each passage.</summary>
internal sealed class Contributions
{
    private readonly FusionOptions _options;
    private readonly double _weight;
    private readonly double _offset;
    private readonly double _factor;

    /// <param name="ranking">The ranking.</param>
    /// <param name="weight">The retriever's weight; by scores its share of all weights.</param>
    /// <param name="options">How to fuse.</param>
    public Contributions(IReadOnlyList<RankedPassage> ranking, double weight, FusionOptions options)
    {
        (_options, _weight) = (options, weight);
        if (ranking.Count == 0)
        {
            return;
        }

        var (lowest, highest, mean) = (ranking.Min(found => found.Score), ranking.Max(found => found.Score), ranking.Average(found => found.Score));
        var deviation = Math.Sqrt(ranking.Average(found => (found.Score - mean) * (found.Score - mean)));

        // Normalised score = (score - offset) x factor. Where all are equal: 1 each by min-max, 0 each by z.
        (_offset, _factor) = options.Method == FusionMethod.ZScore
            ? (mean, highest > lowest ? 1 / deviation : 0)
            : highest > lowest ? (lowest, 1 / (highest - lowest)) : (lowest - 1, 1);
        Missing = options.Method == FusionMethod.ZScore ? weight * (lowest - _offset) * _factor : 0;
    }

    /// <summary>What a passage gets that the ranking does not list.</summary>
    public double Missing { get; }

    public double Of(RankedPassage found) => _options.Method == FusionMethod.ReciprocalRank
        ? _weight / (_options.RankConstant + found.Rank)
        : _weight * (found.Score - _offset) * _factor;
}
