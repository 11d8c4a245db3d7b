using AgentRag.Answering;

namespace AgentRag.Fitting;

/// <summary>Which form of the equation is fitted: the rows of the paper's table 2.</summary>
public enum FitVariant
{
    /// <summary>Equation 2 with its logistic link: weights and link are fitted together, which gives the least squares of that equation. The default.</summary>
    Sigmoid,

    /// <summary>Equation 2 without a link: the linear part is the prediction ("linear σ").</summary>
    Linear,

    /// <summary>Without the weights b of informativeness ("exclude b").</summary>
    WithoutInformativeness,

    /// <summary>
    /// With the squared logarithms beside the logarithms ("quadratic log θ"), so that a peak can be followed. Departs from arXiv 2410.04343, table 2, whose
    /// quadratic row is worse than its linear one and so cannot hold both; what exactly it holds is not said.
    /// </summary>
    Quadratic,

    /// <summary>The paper's two stages (appendix H): least squares without a link, then a link through the result. Compared with, not used.</summary>
    SigmoidInTwoStages,
}

/// <summary>What the strategies share.</summary>
public enum StrategyPooling
{
    /// <summary>Everything, as in the paper: strategies differ by their informativeness alone, and the model cannot tell which of them is better.</summary>
    Shared,

    /// <summary>Weights and link, but each has its own constant.</summary>
    Intercept,

    /// <summary>Nothing: an equation for each.</summary>
    PerStrategy,
}

/// <summary>How an allocation model is fitted.</summary>
public sealed record FitOptions
{
    /// <summary>The form of the equation. Default <see cref="FitVariant.Sigmoid"/>.</summary>
    public FitVariant Variant { get; init; }

    /// <summary>What the strategies share. Default null: the least that predicts configurations left out of the fit within 2 % as well as the best.</summary>
    public StrategyPooling? Pooling { get; init; }

    /// <summary>
    /// The strategies to fit. Default null: those of <see cref="Answerers.Names"/> that were observed but zero-shot, many-shot and rag, which are corners of
    /// DRAG under other prompts; what was measured of the others stays in the model and may still be recommended.
    /// </summary>
    public IReadOnlyList<string>? Strategies { get; init; }

    /// <summary>Parts into which the configurations are dealt for cross-validation, ≥ 2. Default 10.</summary>
    public int Folds { get; init; } = 10;

    /// <summary>Deals them. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public FitOptions Validated()
    {
        List<string> problems = [];
        Require(Folds >= 2, $"Folds is {Folds}, must be at least 2");
        Require(Strategies is not { Count: 0 }, "Strategies is empty: name some, or leave it out");
        Require(Variant != FitVariant.SigmoidInTwoStages, "SigmoidInTwoStages is reported beside the others and cannot be chosen: use Sigmoid");
        return problems.Count == 0 ? this : throw new AgentRagException($"Fit: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }

    /// <summary>The strategies that are fitted, of those observed.</summary>
    internal List<string> Chosen(IEnumerable<string> observed)
    {
        List<string> all = [.. observed.Distinct().Order(StringComparer.Ordinal)];
        if (Strategies is { } named)
        {
            return named.FirstOrDefault(name => !all.Contains(name)) is { } stranger
                ? throw new AgentRagException($"No observation is of strategy '{stranger}': there are {string.Join(", ", all)}.")
                : [.. named.Distinct().Order(StringComparer.Ordinal)];
        }

        List<string> chosen = [.. all.Where(name => Answerers.Names.Contains(name) && name is not (ZeroShotAnswerer.Name or ManyShotAnswerer.Name or RagAnswerer.Name))];
        return chosen.Count > 0 ? chosen : all;
    }
}
