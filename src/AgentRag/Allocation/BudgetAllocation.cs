using AgentRag.Answering;
using AgentRag.Fitting;

namespace AgentRag.Allocation;

/// <summary>What to buy with a budget.</summary>
/// <param name="Recommended">
/// The strategy and parameters to use. With a fitted model the best of all; with published coefficients, which cannot tell strategies apart, by the paper's table 1.
/// </param>
/// <param name="Alternatives">The best of each strategy that fits, <paramref name="Recommended"/> included; length ≥ 1.</param>
/// <param name="CoefficientsSource">Whose coefficients ranked the parameters.</param>
public sealed record BudgetAllocation(AllocatedStrategy Recommended, IReadOnlyList<AllocatedStrategy> Alternatives, string CoefficientsSource)
{
    /// <summary>The best for DRAG; null when nothing fits.</summary>
    public AllocatedStrategy? Drag => Alternatives.FirstOrDefault(one => one.Strategy == DragAnswerer.Name);

    /// <summary>The best for IterDRAG; null when nothing fits.</summary>
    public AllocatedStrategy? IterDrag => Alternatives.FirstOrDefault(one => one.Strategy == IterDragAnswerer.Name);

    /// <summary>
    /// The cheapest measured configuration whose difference to a measured <see cref="Recommended"/> is within 1.645 standard errors, if it is cheaper; else null.
    /// </summary>
    public AllocatedStrategy? CheaperWithinNoise { get; init; }

    /// <summary>
    /// What is predicted to be better than <see cref="Recommended"/> but too far from anything measured to be trusted: the next thing to measure; null for none.
    /// </summary>
    public AllocatedStrategy? WorthMeasuring { get; init; }

    /// <summary>Where more was measured to be worse, by strategy; those alone where something is capped.</summary>
    public IReadOnlyList<MeasuredCaps> Caps { get; init; } = [];

    /// <summary>How the choice came about.</summary>
    public AllocationExplanation Explanation { get; init; } = new([], 0, 0, 0);
}

/// <summary>Parameters for one strategy.</summary>
/// <param name="Strategy">The strategy's name.</param>
/// <param name="Parameters">The parameters.</param>
/// <param name="PlannedTokens">Effective context tokens if all of it is used; what was measured at most, where that is less and holds here.</param>
/// <param name="PredictedZ">Predicted performance, z-scored: good for ranking parameters of one strategy, no accuracy.</param>
public sealed record AllocatedStrategy(string Strategy, InferenceParameters Parameters, long PlannedTokens, double PredictedZ)
{
    /// <summary>What the choice rests on.</summary>
    public AllocationBasis Basis { get; init; }

    /// <summary>The metric that a fitted model predicts, with its intervals; null for published coefficients.</summary>
    public ExpectedValue? Predicted { get; init; }

    /// <summary>The metric that was measured; null when it was not.</summary>
    public MeasuredValue? Measured { get; init; }
}

/// <summary>What a choice of parameters rests on.</summary>
public enum AllocationBasis
{
    /// <summary>Coefficients that somebody else fitted to another model.</summary>
    Published,

    /// <summary>The parameters were measured.</summary>
    Measured,

    /// <summary>They were not, but smaller and larger ones were: the fitted model predicts between them.</summary>
    Interpolated,

    /// <summary>Nothing as large was measured: the fitted model predicts beyond what it has seen.</summary>
    Extrapolated,
}

/// <summary>A predicted metric, in [0, 1], with 95 % intervals.</summary>
/// <param name="Value">The prediction.</param>
/// <param name="Mean">Where the equation's own value lies.</param>
/// <param name="Prediction">Where a measurement lies, the equation's misfit included.</param>
public sealed record ExpectedValue(double Value, Interval Mean, Interval Prediction);

/// <summary>A measured metric.</summary>
/// <param name="Value">Its value, in [0, 1]; the mean over the data sets.</param>
/// <param name="StandardError">Its standard error.</param>
/// <param name="Questions">Over how many questions.</param>
public sealed record MeasuredValue(double Value, double StandardError, int Questions);

/// <summary>How a choice came about.</summary>
/// <param name="Candidates">What fits into the budget, the best first: by measured value, else by predicted value, beyond what was measured by the lower end of its interval.</param>
/// <param name="OverBudget">How many configurations cost more than the budget.</param>
/// <param name="OverWindow">How many of the others have a request larger than the context window.</param>
/// <param name="OverSupply">How many of the others take more passages or demonstrations than there are.</param>
public sealed record AllocationExplanation(IReadOnlyList<AllocationCandidate> Candidates, int OverBudget, int OverWindow, int OverSupply);

/// <summary>One configuration that was looked at.</summary>
/// <param name="Configuration">The configuration.</param>
/// <param name="Score">What it was ranked by: a value of the metric, in [0, 1]; with published coefficients z.</param>
/// <param name="CappedBy">The cap that it exceeds, for which it was not taken; null for none.</param>
public sealed record AllocationCandidate(AllocatedStrategy Configuration, double Score, string? CappedBy);
