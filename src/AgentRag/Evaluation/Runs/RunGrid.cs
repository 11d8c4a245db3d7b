using AgentRag.Answering;

namespace AgentRag.Evaluation.Runs;

/// <summary>What a run is to measure: every strategy with every k, m, n under every budget, and baselines.</summary>
public sealed record RunGrid
{
    /// <summary>Strategies; length ≥ 0.</summary>
    public required IReadOnlyList<string> Strategies { get; init; }

    /// <summary>Values of k.</summary>
    public required IReadOnlyList<int> Ks { get; init; }

    /// <summary>Values of m.</summary>
    public required IReadOnlyList<int> Ms { get; init; }

    /// <summary>Values of n.</summary>
    public required IReadOnlyList<int> Ns { get; init; }

    /// <summary>Budgets in effective context tokens.</summary>
    public required IReadOnlyList<long> BudgetTokens { get; init; }

    /// <summary>Which baselines are measured too. Default none.</summary>
    public RunBaselines Baselines { get; init; }

    /// <summary>The most gold passages that one question has: k of the gold-passage baseline. Default 0.</summary>
    public int GoldPassages { get; init; }

    /// <summary>Every configuration once, in the order of the strategies, then budget, n, m and k.</summary>
    /// <exception cref="AgentRagException">Some value is out of range.</exception>
    public IReadOnlyList<RunConfiguration> Configurations()
    {
        List<RunConfiguration> all = [];
        foreach (var strategy in Strategies)
        {
            all.AddRange(
                from budget in BudgetTokens
                from n in Ns
                from m in Ms
                from k in Ks
                select RunConfiguration.Create(strategy, new InferenceParameters(k, m, n), budget));
        }

        foreach (var budget in BudgetTokens)
        {
            if (Baselines.HasFlag(RunBaselines.ZeroShot))
            {
                all.Add(RunConfiguration.Create(ZeroShotAnswerer.Name, new InferenceParameters(0, 0, 1), budget));
            }

            if (Baselines.HasFlag(RunBaselines.NoRetrieval))
            {
                all.AddRange(Ms.Where(m => m > 0).Select(m => RunConfiguration.Create(ManyShotAnswerer.Name, new InferenceParameters(0, m, 1), budget)));
            }

            if (Baselines.HasFlag(RunBaselines.GoldPassages))
            {
                all.Add(RunConfiguration.Create(RunConfiguration.GoldPassages, new InferenceParameters(GoldPassages, 0, 1), budget));
            }
        }

        return [.. all.Distinct()];
    }
}

/// <summary>What is measured beside the strategies, because a gain means little without it.</summary>
[Flags]
public enum RunBaselines
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The question alone: what the model knows by itself (the paper's ZS QA).</summary>
    ZeroShot = 1,

    /// <summary>Demonstrations without passages, for each m of the grid above 0 (the paper's MS QA).</summary>
    NoRetrieval = 2,

    /// <summary>The passages of the labelled supporting documents: what a perfect retriever would bring.</summary>
    GoldPassages = 4,

    /// <summary>All three.</summary>
    All = ZeroShot | NoRetrieval | GoldPassages,
}
