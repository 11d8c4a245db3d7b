using System.Globalization;
using AgentRag.Answering;

namespace AgentRag.Evaluation.Runs;

/// <summary>One way of answering that a run measures: a strategy with θ = (k, m, n) under a budget.</summary>
/// <param name="Strategy">A strategy's name, <see cref="GoldPassages"/>, or one of <see cref="EarlyStops"/>.</param>
/// <param name="Parameters">k, m and n; what the strategy has no use for, or chooses by itself, is 0, for n 1.</param>
/// <param name="BudgetTokens">Upper bound of each question's effective context tokens, ≥ 1.</param>
public sealed record RunConfiguration(string Strategy, InferenceParameters Parameters, long BudgetTokens)
{
    /// <summary>The baseline that gets the passages of the labelled supporting documents: what a perfect retriever would bring.</summary>
    public const string GoldPassages = "gold-passages";

    /// <summary>IterDRAG that also ends when the model says that what it holds is enough: beside plain IterDRAG it shows what that saves and loses.</summary>
    public const string WithSufficiencyCheck = $"{IterDragAnswerer.Name}+sufficiency";

    /// <summary>IterDRAG that also ends when drafts of its answer agree: beside plain IterDRAG it shows what that saves and loses.</summary>
    public const string WithDrafts = $"{IterDragAnswerer.Name}+drafts";

    /// <summary>The early stops that can be measured in one run with what they stop: <c>iterdrag+sufficiency</c>, <c>iterdrag+drafts</c>.</summary>
    public static IReadOnlyList<string> EarlyStops { get; } = [WithSufficiencyCheck, WithDrafts];

    /// <summary>The order of tables: strategies simplest first, then by budget, n, m and k.</summary>
    public static IComparer<RunConfiguration> Order { get; } = Comparer<RunConfiguration>.Create((a, b) => PlaceOf(a).CompareTo(PlaceOf(b)));

    /// <summary>The strategy that answers.</summary>
    public string AnsweringStrategy => Strategy switch
    {
        GoldPassages => RagAnswerer.Name,
        WithSufficiencyCheck or WithDrafts => IterDragAnswerer.Name,
        _ => Strategy,
    };

    /// <summary>Whether k, m and n are those of the grid: strategies that choose among others choose them by the question.</summary>
    public bool KeepsParameters => Answerers.Names.Contains(AnsweringStrategy, StringComparer.Ordinal);

    /// <summary>Whether it is one of the two baselines that show what the model and the labels alone reach.</summary>
    public bool IsBaseline => Strategy is GoldPassages or ZeroShotAnswerer.Name;

    /// <summary>k, m and n as tables show them: a dash where the strategy chooses them.</summary>
    public IReadOnlyList<string> ShownParameters => KeepsParameters
        ? [.. new[] { Parameters.K, Parameters.M, Parameters.N }.Select(value => value.ToString(CultureInfo.InvariantCulture))]
        : ["–", "–", "–"];

    /// <summary>Makes a configuration in which parameters that its strategy has no use for have one value, so that a grid asks nothing twice.</summary>
    /// <param name="strategy">A strategy's name, <see cref="GoldPassages"/>, or one of <see cref="EarlyStops"/>.</param>
    /// <param name="parameters">k, m and n of the grid.</param>
    /// <param name="budgetTokens">The budget.</param>
    public static RunConfiguration Create(string strategy, InferenceParameters parameters, long budgetTokens)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var used = strategy switch
        {
            ZeroShotAnswerer.Name => new InferenceParameters(0, 0, 1),
            ManyShotAnswerer.Name => parameters with { K = 0, N = 1 },
            RagAnswerer.Name or GoldPassages => parameters with { M = 0, N = 1 },
            DragAnswerer.Name => parameters with { N = 1 },
            _ when !new RunConfiguration(strategy, parameters, budgetTokens).KeepsParameters => new InferenceParameters(0, 0, 1),
            _ => parameters,
        };
        return new RunConfiguration(strategy, used.Validated(), budgetTokens);
    }

    /// <summary>When a loop ends before n iterations are used: by the run's rules and by that of <see cref="EarlyStops"/>.</summary>
    /// <param name="rules">The run's rules.</param>
    public StopRules StopRules(StopRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return Strategy switch
        {
            WithSufficiencyCheck => rules with { ChecksSufficiency = true },
            WithDrafts => rules with { AgreeingDrafts = rules.AgreeingDrafts ?? 2 },
            _ => rules,
        };
    }

    /// <summary>The configuration without its budget, as <c>drag k=5 m=2 n=1</c>.</summary>
    public string ShortName => KeepsParameters ? string.Create(CultureInfo.InvariantCulture, $"{Strategy} k={Parameters.K} m={Parameters.M} n={Parameters.N}") : Strategy;

    /// <summary>The configuration as <c>drag k=5 m=2 n=1, budget 16,000</c>; without k, m and n where the strategy chooses them.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ShortName}, budget {BudgetTokens:N0}");

    private static (int, string, long, int, int, int) PlaceOf(RunConfiguration c) =>
        (StrategyOrder(c.Strategy), c.Strategy, c.BudgetTokens, c.Parameters.N, c.Parameters.M, c.Parameters.K);

    // Strategies as everywhere, simplest first, IterDRAG with early stops behind IterDRAG; then those that choose among others; then the gold passages.
    private static int StrategyOrder(string strategy) => strategy == GoldPassages ? Answerers.Names.Count + EarlyStops.Count + 1
        : Answerers.Names.Concat(EarlyStops).Index().Where(name => name.Item == strategy).Select(name => name.Index).FirstOrDefault(Answerers.Names.Count + EarlyStops.Count);
}
