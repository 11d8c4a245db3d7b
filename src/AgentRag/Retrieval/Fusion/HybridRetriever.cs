using System.Globalization;

namespace AgentRag.Retrieval.Fusion;

/// <summary>Asks several retrievers at once and fuses their rankings into one.</summary>
/// <remarks>Passages are the same when their ids are. Equal fused scores keep the order of the first retriever that lists them. Safe for concurrent use.</remarks>
public sealed class HybridRetriever : IRetriever
{
    private readonly IReadOnlyList<IRetriever> _retrievers;
    private readonly FusionOptions _options;

    /// <summary>Makes a retriever.</summary>
    /// <param name="retrievers">Two or more retrievers over the same passages.</param>
    /// <param name="options">How to fuse; null for the defaults.</param>
    /// <exception cref="ArgumentException">There are fewer than two retrievers.</exception>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public HybridRetriever(IReadOnlyList<IRetriever> retrievers, FusionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(retrievers);
        if (retrievers.Count < 2)
        {
            throw new ArgumentException($"Fusion needs two retrievers or more: got {retrievers.Count}.", nameof(retrievers));
        }

        (_retrievers, _options) = ([.. retrievers], (options ?? new()).Validated(retrievers.Count));
    }

    /// <inheritdoc/>
    public string Name => "hybrid";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.K == 0)
        {
            return [];
        }

        var deeper = new RetrievalQuery(query.Text, Math.Max(query.K, _options.Depth)) { Explain = query.Explain, Filter = query.Filter };
        var rankings = await Task.WhenAll(_retrievers.Select(retriever => retriever.RetrieveAsync(deeper, cancellationToken))).ConfigureAwait(false);
        var legs = rankings.Select((ranking, i) => new Leg(_retrievers[i].Name, Weight(i), ranking, _options)).ToList();
        return
        [
            .. legs.SelectMany(leg => leg.Ranking).Select(found => found.Passage).DistinctBy(passage => passage.Id)
                .Select(passage => (Passage: passage, Score: legs.Sum(leg => leg.ScoreOf(passage.Id))))
                .OrderByDescending(fused => fused.Score)
                .Take(query.K)
                .Select((fused, i) => new RankedPassage(fused.Passage, i + 1, fused.Score, query.Explain ? Explain(fused.Passage.Id, fused.Score, legs) : null)),
        ];
    }

    private double Weight(int retriever)
    {
        var weight = _options.Weights?[retriever] ?? 1;
        return _options.Method == FusionMethod.ReciprocalRank ? weight : weight / (_options.Weights?.Sum() ?? _retrievers.Count);
    }

    private ScoreExplanation Explain(string passageId, double score, List<Leg> legs) => new(
        score,
        _options.Method switch
        {
            FusionMethod.ReciprocalRank => string.Create(CultureInfo.InvariantCulture, $"reciprocal rank fusion with k {_options.RankConstant}"),
            FusionMethod.MinMaxScore => "weighted mean of scores, each ranking's brought to [0, 1]",
            _ => "weighted mean of scores, each ranking's brought to mean 0 and deviation 1",
        },
        [.. legs.Select(leg => leg.Explain(passageId))]);

    /// <summary>One retriever's ranking and what it adds.</summary>
    private sealed class Leg(string name, double weight, IReadOnlyList<RankedPassage> ranking, FusionOptions options)
    {
        private readonly Contributions _contributions = new(ranking, weight, options);

        // A retriever should list a passage once; if it does not, the better rank counts.
        private readonly Dictionary<string, RankedPassage> _byId = ranking.DistinctBy(found => found.Passage.Id).ToDictionary(found => found.Passage.Id);

        public IReadOnlyList<RankedPassage> Ranking => ranking;

        public double ScoreOf(string passageId) => _byId.TryGetValue(passageId, out var found) ? _contributions.Of(found) : _contributions.Missing;

        public ScoreExplanation Explain(string passageId) => _byId.TryGetValue(passageId, out var found)
            ? new(
                _contributions.Of(found),
                string.Create(CultureInfo.InvariantCulture, $"{name}: rank {found.Rank}, score {found.Score:F4}, weight {weight:F2}"),
                found.Explanation is null ? [] : [found.Explanation])
            : new(_contributions.Missing, string.Create(CultureInfo.InvariantCulture, $"{name}: not among its {ranking.Count}, weight {weight:F2}"), []);
    }
}
