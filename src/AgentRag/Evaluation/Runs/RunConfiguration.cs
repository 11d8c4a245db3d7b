using System.Globalization;
using AgentRag.Answering;

namespace AgentRag.Evaluation.Runs;

/// <summary>One way of answering that a run measures: a strategy with θ = (k, m, n) under a budget.</summary>
/// <param name="Strategy">A strategy's name, or <see cref="GoldPassages"/>.</param>
/// <param name="Parameters">k, m and n; what the strategy has no use for is 0, for n 1.</param>
/// <param name="BudgetTokens">Upper bound of each question's effective context tokens, ≥ 1.</param>
public sealed record RunConfiguration(string Strategy, InferenceParameters Parameters, long BudgetTokens)
{
    /// <summary>The baseline that gets the passages of the labelled supporting documents: what a perfect retriever would bring.</summary>
    public const string GoldPassages = "gold-passages";

    /// <summary>The order of tables: strategies simplest first, then by budget, n, m and k.</summary>
    public static IComparer<RunConfiguration> Order { get; } = Comparer<RunConfiguration>.Create((a, b) => PlaceOf(a).CompareTo(PlaceOf(b)));

    /// <summary>The strategy that answers.</summary>
    public string AnsweringStrategy => Strategy == GoldPassages ? RagAnswerer.Name : Strategy;

    /// <summary>Whether it is one of the two baselines that show what the model and the labels alone reach.</summary>
    public bool IsBaseline => Strategy is GoldPassages or ZeroShotAnswerer.Name;

    /// <summary>Makes a configuration in which parameters that its strategy has no use for have one value, so that a grid asks nothing twice.</summary>
    /// <param name="strategy">A strategy's name, or <see cref="GoldPassages"/>.</param>
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
            _ => parameters,
        };
        return new RunConfiguration(strategy, used.Validated(), budgetTokens);
    }

    /// <summary>The configuration without its budget, as <c>drag k=5 m=2 n=1</c>.</summary>
    public string ShortName => string.Create(CultureInfo.InvariantCulture, $"{Strategy} k={Parameters.K} m={Parameters.M} n={Parameters.N}");

    /// <summary>The configuration as <c>drag k=5 m=2 n=1, budget 16,000</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ShortName}, budget {BudgetTokens:N0}");

    private static (int, string, long, int, int, int) PlaceOf(RunConfiguration c) =>
        (StrategyOrder(c.Strategy), c.Strategy, c.BudgetTokens, c.Parameters.N, c.Parameters.M, c.Parameters.K);

    // Strategies as everywhere, simplest first; then the gold passages; then what a later version may have added.
    private static int StrategyOrder(string strategy) => strategy == GoldPassages ? Answerers.Names.Count
        : Answerers.Names.Index().Where(name => name.Item == strategy).Select(name => name.Index).FirstOrDefault(Answerers.Names.Count + 1);
}
