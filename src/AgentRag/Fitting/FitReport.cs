namespace AgentRag.Fitting;

/// <summary>What a fit found, and how far it can be trusted.</summary>
public sealed record FitReport
{
    /// <summary>Observations that were fitted.</summary>
    public required int Observations { get; init; }

    /// <summary>Different configurations among them: (data set, strategy, θ).</summary>
    public required int Configurations { get; init; }

    /// <summary>The form of the equation that was fitted; <see cref="FitVariant.Linear"/> when a link was asked for and the data do not show one.</summary>
    public required FitVariant Variant { get; init; }

    /// <summary>What the strategies share in the model.</summary>
    public required StrategyPooling Pooling { get; init; }

    /// <summary>The fit of the model: the same as its row in <see cref="Poolings"/>.</summary>
    public required FitQuality Quality { get; init; }

    /// <summary>The forms of the equation beside each other (the paper's table 2), with the model's pooling.</summary>
    public required IReadOnlyList<VariantFit> Variants { get; init; }

    /// <summary>The poolings beside each other, with the model's form; those that could be fitted.</summary>
    public required IReadOnlyList<PoolingFit> Poolings { get; init; }

    /// <summary>Every estimate, by strategy; shared ones occur once for each strategy.</summary>
    public required IReadOnlyList<CoefficientEstimate> Coefficients { get; init; }

    /// <summary>What the observations cannot say, in plain words, the worst first.</summary>
    public required IReadOnlyList<FitTrap> Traps { get; init; }
}

/// <summary>How well predictions fit the observations they were fitted to; in z-scored performance.</summary>
/// <param name="Parameters">Estimated parameters.</param>
/// <param name="R2">Share of the variance that is explained, ≤ 1.</param>
/// <param name="Mse">Mean squared residual.</param>
/// <param name="Outliers">
/// Observations whose residual is further than three robust standard deviations (1.4826 × median distance) from the median residual. The paper excludes
/// "peak and valley outliers" from both figures by a rule it does not state.
/// </param>
/// <param name="R2WithoutOutliers">R² over the others.</param>
/// <param name="MseWithoutOutliers">Mean squared residual over the others.</param>
/// <param name="ConditionNumber">The largest over the equations: above 30 estimates lean on each other.</param>
public sealed record FitQuality(
    int Parameters, double R2, double Mse, int Outliers, double R2WithoutOutliers, double MseWithoutOutliers, double ConditionNumber);

/// <summary>One row of the paper's table 2.</summary>
/// <param name="Variant">The form of the equation.</param>
/// <param name="Quality">Its fit; null when there are too few observations for it.</param>
/// <param name="HasLink">Whether every equation has the link that the form asks for; without one it is linear.</param>
public sealed record VariantFit(FitVariant Variant, FitQuality? Quality, bool HasLink);

/// <summary>One way to pool the strategies.</summary>
/// <param name="Pooling">What they share.</param>
/// <param name="Quality">Its fit.</param>
/// <param name="CrossValidatedMse">Mean squared error for configurations left out of the fit; null when there are too few to leave some out.</param>
public sealed record PoolingFit(StrategyPooling Pooling, FitQuality Quality, double? CrossValidatedMse);

/// <summary>One estimate.</summary>
/// <param name="Strategy">The strategy whose equation it is of.</param>
/// <param name="Parameter">What was estimated.</param>
/// <param name="Estimate">Its value; 0 when it could not be estimated.</param>
/// <param name="StandardError">Its standard error; null when it could not be estimated.</param>
/// <param name="PValue">Probability of an estimate at least so far from 0 if it were 0 (two-sided, Student's t); null as above.</param>
public sealed record CoefficientEstimate(string Strategy, EquationParameter Parameter, double Estimate, double? StandardError, double? PValue);

/// <summary>Something that the observations cannot say.</summary>
/// <param name="Kind">Which trap it is.</param>
/// <param name="Text">What was found, what it means and what to measure, in plain words.</param>
public sealed record FitTrap(FitTrapKind Kind, string Text);

/// <summary>The traps that are looked for, the worst first.</summary>
public enum FitTrapKind
{
    /// <summary>All values of a metric on a data set are equal: nothing can be explained, and the observations are left out.</summary>
    ConstantMetric,

    /// <summary>The cheap configurations that measure informativeness are missing.</summary>
    MissingProbes,

    /// <summary>Too few observations for so many parameters.</summary>
    FewObservations,

    /// <summary>One of k, m, n never changes.</summary>
    ConstantParameter,

    /// <summary>Two of k, m, n change together.</summary>
    ParametersMoveTogether,

    /// <summary>One of k, m, n takes two values alone.</summary>
    TwoValues,

    /// <summary>All observations are of one data set.</summary>
    OneDataSet,

    /// <summary>All observations are of one strategy.</summary>
    OneStrategy,

    /// <summary>Many values of a metric are at one end of its range.</summary>
    SaturatedMetric,

    /// <summary>The informativeness is measured less exactly than it differs.</summary>
    NoisyProbes,

    /// <summary>The weights lean on each other.</summary>
    IllConditioned,

    /// <summary>The data do not show where performance levels off.</summary>
    NoLink,

    /// <summary>The observations were made with different prompts, retrievers or versions.</summary>
    MixedFingerprints,
}
