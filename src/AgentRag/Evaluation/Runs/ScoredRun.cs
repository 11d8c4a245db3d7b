using AgentRag.Evaluation.Statistics;

namespace AgentRag.Evaluation.Runs;

/// <summary>A recorded run with every record scored: what reports are made of. No model is needed for it.</summary>
public sealed class ScoredRun
{
    private readonly Dictionary<RunConfiguration, ConfigurationScores> _scores;
    private readonly bool _hasOneBudget;

    private ScoredRun(RunReader run, IReadOnlyList<ConfigurationScores> scores, string? judge)
    {
        (Run, Configurations, Judge) = (run, scores, judge);
        _scores = scores.ToDictionary(scored => scored.Configuration);
        _hasOneBudget = scores.Select(scored => scored.Configuration.BudgetTokens).Distinct().Count() < 2;
    }

    /// <summary>The run.</summary>
    public RunReader Run { get; }

    /// <summary>The scores of every configuration, in <see cref="RunConfiguration.Order"/>; those of a part of a run in the order in which they were chosen.</summary>
    public IReadOnlyList<ConfigurationScores> Configurations { get; }

    /// <summary>Whose verdicts the judged metric shows; null when nobody judged.</summary>
    public string? Judge { get; }

    /// <summary>The most questions that a configuration was asked: those with fewer are unfinished.</summary>
    public int Questions => Configurations.Select(scored => scored.Questions.Count).DefaultIfEmpty().Max();

    /// <summary>Finds the scores of a configuration.</summary>
    /// <param name="configuration">The configuration.</param>
    public ConfigurationScores? Find(RunConfiguration configuration) => _scores.GetValueOrDefault(configuration);

    /// <summary>What to call a configuration where people read: with its budget only when the run has several.</summary>
    /// <param name="configuration">A configuration of the run.</param>
    public string NameOf(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return _hasOneBudget ? configuration.ShortName : configuration.ToString();
    }

    /// <summary>Scores a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="judge">Whose verdicts to take; null for those of the judge that judged last.</param>
    /// <exception cref="AgentRagException">A file of the run is damaged.</exception>
    public static ScoredRun Of(RunReader run, string? judge = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        List<Judgement> all = [.. run.Judgements()];
        judge ??= all.Count > 0 ? all[^1].Judge : null;
        var judgements = judge is null ? null : all.Where(judgement => judgement.Judge == judge && judgement.IsCorrect is not null)
            .GroupBy(judgement => (judgement.QuestionId, judgement.Answer)).ToDictionary(same => same.Key, same => same.Last().IsCorrect!.Value);
        var questions = run.Questions.ToDictionary(question => question.Id, StringComparer.Ordinal);
        Dictionary<RunConfiguration, Dictionary<string, QuestionScore>> scores = [];
        foreach (var record in run.Records())
        {
            var question = questions.GetValueOrDefault(record.QuestionId)
                ?? throw new AgentRagException($"Run '{run.Directory}' has a result of question '{record.QuestionId}', which is not among its questions: the run is damaged.");
            var configuration = record.Configuration;
            var ofConfiguration = scores.TryGetValue(configuration, out var there) ? there : scores[configuration] = new(StringComparer.Ordinal);
            ofConfiguration[record.QuestionId] = QuestionScore.Of(record, question, run.Passages, judgements);
        }

        var order = run.Questions.Index().ToDictionary(question => question.Item.Id, question => question.Index, StringComparer.Ordinal);
        return new ScoredRun(
            run,
            [
                .. scores.OrderBy(pair => pair.Key, RunConfiguration.Order)
                    .Select(pair => new ConfigurationScores(pair.Key, [.. pair.Value.Values.OrderBy(score => order[score.QuestionId])])),
            ],
            judge);
    }

    /// <summary>The run's results as observations, which allocation models are fitted to: every configuration that was asked all questions, in each metric of the paper.</summary>
    /// <remarks>Without strategies that choose k, m and n by the question and without early stops: what they reach is not what θ is worth. Of one strategy and (k, m, n) under several budgets the largest counts: smaller ones may have cut the prompts, and what was cut is not what θ is worth.</remarks>
    public IReadOnlyList<Observation> Observations()
    {
        var whole = Configurations.Where(scored => scored.Questions.Count == Questions && scored.Configuration.KeepsParameters && !RunConfiguration.EarlyStops.Contains(scored.Configuration.Strategy)).ToList();
        if (whole.Count == 0)
        {
            return [];
        }

        var fingerprint = Run.Manifest.Fingerprint;
        var fingerprints = new ObservationFingerprints
        {
            Model = Run.Manifest.Model,
            Prompts = fingerprint.GetValueOrDefault("prompts"),
            Index = fingerprint.GetValueOrDefault("index"),
            Retriever = fingerprint.GetValueOrDefault("retriever"),
            // The questions asked: a limit or a sample of a data set is another text.
            Questions = RunFingerprint.HashOf(string.Join('\n', whole[0].Questions.Select(score => score.QuestionId).Prepend(fingerprint.GetValueOrDefault("questions") ?? ""))),
            Code = fingerprint.GetValueOrDefault("code"),
        };
        return
        [
            .. from same in whole.GroupBy(scored => (scored.Configuration.Strategy, scored.Configuration.Parameters))
               let scored = same.MaxBy(scored => scored.Configuration.BudgetTokens)
               from metric in EvaluationMetrics.OfPaper
               select scored.ToObservation(Run.Manifest, metric, fingerprints),
        ];
    }

    /// <summary>The same run with some of its questions and configurations alone.</summary>
    /// <param name="questionIds">The questions to keep.</param>
    /// <param name="configurations">The configurations to keep, in the order to keep them in.</param>
    public ScoredRun Only(IEnumerable<string> questionIds, IEnumerable<RunConfiguration> configurations)
    {
        var kept = questionIds.ToHashSet(StringComparer.Ordinal);
        List<ConfigurationScores> scores = [];
        foreach (var scored in configurations.Select(Find).OfType<ConfigurationScores>())
        {
            if (scored.Questions.Where(score => kept.Contains(score.QuestionId)).ToList() is { Count: > 0 } questions)
            {
                scores.Add(scored with { Questions = questions });
            }
        }

        return new ScoredRun(Run, scores, Judge);
    }

    /// <summary>The best configuration of every strategy in a metric: of equal ones the cheaper.</summary>
    /// <param name="metric">Which metric.</param>
    /// <param name="maxTokens">Configurations that took more effective context tokens for some question are passed over (the paper's equation 1).</param>
    /// <returns>In the order of the strategies; those unfinished are passed over.</returns>
    public IReadOnlyList<ConfigurationScores> BestOfStrategies(EvaluationMetric metric, long maxTokens = long.MaxValue) =>
        BestOfStrategies(metric, scored => scored.MaxTokens <= maxTokens);

    private IReadOnlyList<ConfigurationScores> BestOfStrategies(EvaluationMetric metric, Func<ConfigurationScores, bool> isWanted) =>
    [
        .. Configurations.Where(scored => scored.Questions.Count == Questions && isWanted(scored) && scored.MeanOf(metric) is not null)
            .GroupBy(scored => scored.Configuration.Strategy)
            .Select(strategy => strategy.OrderByDescending(scored => scored.MeanOf(metric)).ThenBy(scored => scored.MeanTokens).First()),
    ];

    /// <summary>What a configuration's tokens bring: its gain over the best cheaper configuration of its strategy, by the tokens that it takes more.</summary>
    /// <param name="scored">A configuration of the run.</param>
    /// <param name="metric">In which metric.</param>
    /// <returns>
    /// Percentage points per 1,000 effective context tokens (means over questions); below 0 where spending more brought less. Null for the cheapest configuration of a
    /// strategy, and for one that was not asked all questions.
    /// </returns>
    public double? ScalingEfficiency(ConfigurationScores scored, EvaluationMetric metric)
    {
        ArgumentNullException.ThrowIfNull(scored);
        if (scored.MeanOf(metric) is not { } performance || scored.Questions.Count < Questions)
        {
            return null;
        }

        // The best, not the next cheaper: what matters is what spending less would have reached.
        var cheaper = BestOfStrategies(metric, other => other.MeanTokens < scored.MeanTokens).FirstOrDefault(other => other.Configuration.Strategy == scored.Configuration.Strategy);
        return cheaper is null ? null : 100 * (performance - cheaper.MeanOf(metric)!.Value) / ((scored.MeanTokens - cheaper.MeanTokens) / 1_000);
    }

    /// <summary>Compares configurations pair by pair.</summary>
    /// <param name="configurations">The configurations, in the order in which pairs are made of them.</param>
    /// <param name="metric">In which metric.</param>
    /// <param name="seed">Seeds resampling.</param>
    /// <returns>Every pair once, with the p-value adjusted for their number.</returns>
    public static IReadOnlyList<ComparedConfigurations> CompareAll(IReadOnlyList<ConfigurationScores> configurations, EvaluationMetric metric, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(configurations);
        List<(ConfigurationScores First, ConfigurationScores Second, PairedComparison Comparison)> pairs = [];
        for (var i = 0; i < configurations.Count; i++)
        {
            for (var j = i + 1; j < configurations.Count; j++)
            {
                if (Compare(configurations[i], configurations[j], metric, seed) is { } comparison)
                {
                    pairs.Add((configurations[i], configurations[j], comparison));
                }
            }
        }

        var adjusted = PairedComparison.Holm([.. pairs.Select(pair => pair.Comparison.P)]);
        return [.. pairs.Select((pair, i) => new ComparedConfigurations(pair.First, pair.Second, pair.Comparison, adjusted[i]))];
    }

    /// <summary>Compares two configurations on the questions that both were asked.</summary>
    /// <param name="first">One.</param>
    /// <param name="second">The other.</param>
    /// <param name="metric">In which metric.</param>
    /// <param name="seed">Seeds resampling.</param>
    /// <returns>The comparison; null when they share no question with such a value.</returns>
    public static PairedComparison? Compare(ConfigurationScores first, ConfigurationScores second, EvaluationMetric metric, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var other = second.Questions.ToDictionary(score => score.QuestionId, score => score.Value(metric), StringComparer.Ordinal);
        List<(double First, double Second)> pairs =
        [
            .. from score in first.Questions
               let value = score.Value(metric)
               let paired = other.GetValueOrDefault(score.QuestionId)
               where value is not null && paired is not null
               select (value.Value, paired.Value),
        ];
        if (pairs.Count == 0)
        {
            return null;
        }

        var comparison = PairedComparison.Of([.. pairs.Select(pair => pair.First)], [.. pairs.Select(pair => pair.Second)], seed);
        // One test for all pairs of a metric: F1 may by chance be 0 or 1 everywhere in one pair and not in the next.
        return metric.IsYesOrNo() ? comparison : comparison with { McNemarP = null };
    }
}

/// <summary>One pair of compared configurations.</summary>
/// <param name="First">One.</param>
/// <param name="Second">The other.</param>
/// <param name="Comparison">First minus second.</param>
/// <param name="AdjustedP">The p-value, adjusted for all pairs that were compared with it (Holm).</param>
public sealed record ComparedConfigurations(ConfigurationScores First, ConfigurationScores Second, PairedComparison Comparison, double AdjustedP)
{
    /// <summary>Whether chance alone would rarely bring such a difference: the adjusted p-value is below 0.05.</summary>
    public bool IsClear => AdjustedP < 0.05;
}
