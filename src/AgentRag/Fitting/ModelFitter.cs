using AgentRag.Evaluation;
using MathNet.Numerics.Distributions;

namespace AgentRag.Fitting;

/// <summary>A fitted model with what the fit found.</summary>
/// <param name="Model">The model.</param>
/// <param name="Report">How well it fits, and what the observations cannot say.</param>
public sealed record FittedModel(AllocationModel Model, FitReport Report);

/// <summary>Fits an allocation model to observations (paper section 5, appendices F and H).</summary>
/// <remarks>Deterministic: the same observations and options give the same model.</remarks>
public static class ModelFitter
{
    // Cross-validation differs by this much from one deal of the folds to the next.
    private const double AboutAsGood = 1.02;

    private static readonly FitVariant[] Table2 =
        [FitVariant.WithoutInformativeness, FitVariant.Quadratic, FitVariant.Linear, FitVariant.SigmoidInTwoStages, FitVariant.Sigmoid];

    /// <summary>Fits.</summary>
    /// <param name="observations">What was measured, or what was simulated; of one chat model.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="AgentRagException">The observations do not belong together, or are too few.</exception>
    public static FittedModel Fit(IReadOnlyList<Observation> observations, FitOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(observations);
        var how = (options ?? new()).Validated();
        if (observations.Count == 0)
        {
            throw new AgentRagException("There is no observation to fit: measure some with 'agentrag evaluate'.");
        }

        var data = FitData.Prepare(observations, how);
        var poolings = Compare(data, how);
        var chosen = Chosen(poolings, how) ?? throw new AgentRagException(
            $"{data.Rows.Count:N0} observations of {string.Join(", ", data.Strategies)} are too few for the equation" +
            (how.Pooling is { } pooling ? $" with {pooling} pooling" : "") + ": measure at least ten configurations of each strategy.");
        var variant = how.Variant == FitVariant.Sigmoid && chosen.Fits.Fits.All(fit => fit.LacksLink) ? FitVariant.Linear : how.Variant;
        var quality = chosen.Result.Quality;
        var model = new AllocationModel
        {
            Source = SourceOf(data, observations),
            IsSimulated = observations[0].IsSimulated,
            Variant = variant,
            Pooling = chosen.Fits.Pooling,
            Strategies = [.. data.Strategies.Select((strategy, number) =>
                chosen.Fits.Of(number).For(number) is var (equation, uncertainty) ? new StrategyModel(strategy, equation, uncertainty) : null!)],
            Scales = data.Scales,
            Informativeness = data.Informativeness,
            Measured = [.. observations.Select(MeasuredPerformance.From)],
            Fingerprints = ModelFingerprints.Of(observations),
            Quality = quality,
        };
        return new FittedModel(model, new FitReport
        {
            Observations = data.Rows.Count,
            Configurations = data.Rows.Select(row => row.Cluster).Distinct().Count(),
            Variant = variant,
            Pooling = chosen.Fits.Pooling,
            Quality = quality,
            Variants = [.. Table2.Select(row => StrategyFits.Of(data, data.Rows, row, chosen.Fits.Pooling) is { } fits
                ? new VariantFit(row, fits.QualityOn(data.Rows), !fits.Fits.Any(fit => fit.LacksLink))
                : new VariantFit(row, Quality: null, HasLink: false))],
            Poolings = [.. poolings.Select(compared => compared.Result)],
            Coefficients = [.. data.Strategies.SelectMany((strategy, number) => Coefficients(strategy, number, chosen.Fits.Of(number)))],
            Traps = [.. IdentifiabilityTraps.Find(data, chosen.Fits, observations)],
        });
    }

    /// <summary>Fits the equations alone, for reports that fit many times.</summary>
    /// <returns>The model without measurements; null when there are too few observations.</returns>
    internal static AllocationModel? TryFitEquations(IReadOnlyList<Observation> observations, FitOptions options)
    {
        if (observations.Count == 0 || options.Strategies is { Count: 0 })
        {
            return null;
        }

        FitData data;
        try
        {
            data = FitData.Prepare(observations, options);
        }
        catch (AgentRagException)
        {
            // A part of the observations may well hold none that can be fitted; the whole was checked before.
            return null;
        }

        List<StrategyModel> strategies = [];
        var pooling = options.Pooling ?? StrategyPooling.Shared;
        var shared = pooling == StrategyPooling.PerStrategy ? null : EquationFit.Of(data.Rows, options.Variant, pooling, data.HasInformativeness);
        foreach (var (number, strategy) in data.Strategies.Index())
        {
            // One strategy may have too few where another has enough.
            var fit = pooling == StrategyPooling.PerStrategy ? EquationFit.Of(data.RowsOf(number), options.Variant, pooling, data.HasInformativeness) : shared;
            if (fit is not null && data.Rows.Any(row => row.Strategy == number))
            {
                strategies.Add(new StrategyModel(strategy, fit.For(number).Equation, Uncertainty: null));
            }
        }

        return strategies.Count == 0 ? null : new AllocationModel
        {
            Source = "",
            Variant = options.Variant,
            Pooling = pooling,
            Strategies = strategies,
            Scales = data.Scales,
            Informativeness = data.Informativeness,
        };
    }

    private static List<(StrategyFits Fits, PoolingFit Result)> Compare(FitData data, FitOptions options)
    {
        List<(StrategyFits, PoolingFit)> compared = [];
        foreach (var pooling in data.Strategies.Count == 1 ? [StrategyPooling.Shared] : Enum.GetValues<StrategyPooling>())
        {
            if (StrategyFits.Of(data, data.Rows, options.Variant, pooling) is { } fits)
            {
                compared.Add((fits, new PoolingFit(pooling, fits.QualityOn(data.Rows), StrategyFits.CrossValidatedMse(data, pooling, options))));
            }
        }

        return compared;
    }

    // The simplest that predicts left-out configurations about as well as the best; without cross-validation the simplest of all.
    private static (StrategyFits Fits, PoolingFit Result)? Chosen(List<(StrategyFits Fits, PoolingFit Result)> poolings, FitOptions options)
    {
        if (options.Pooling is { } named && poolings.Count > 1)
        {
            return poolings.FindIndex(compared => compared.Fits.Pooling == named) is >= 0 and var index ? poolings[index] : null;
        }

        var best = poolings.Min(compared => compared.Result.CrossValidatedMse);
        return poolings.Count == 0 ? null : poolings.Find(compared => best is null || compared.Result.CrossValidatedMse <= AboutAsGood * best);
    }

    private static IEnumerable<CoefficientEstimate> Coefficients(string strategy, int number, EquationFit fit)
    {
        var (equation, uncertainty) = fit.For(number);
        foreach (var (i, parameter) in uncertainty.Parameters.Index())
        {
            var (estimate, error) = (ValueOf(equation, parameter), Math.Sqrt(uncertainty.Covariance[i][i]));
            var p = 2 * StudentT.CDF(0, 1, fit.Covariance.DegreesOfFreedom, -Math.Abs(estimate / error));
            yield return new CoefficientEstimate(strategy, parameter, estimate, error, p);
        }

        foreach (var column in fit.Dropped)
        {
            yield return new CoefficientEstimate(strategy, column.Term, 0, StandardError: null, PValue: null);
        }
    }

    private static double ValueOf(PerformanceEquation equation, EquationParameter parameter) => parameter switch
    {
        EquationParameter.Constant => equation.C,
        EquationParameter.K => equation.A.K,
        EquationParameter.M => equation.A.M,
        EquationParameter.N => equation.A.N,
        EquationParameter.DocumentK => equation.B.K,
        EquationParameter.DemonstrationM => equation.B.M,
        EquationParameter.SquaredK => equation.Squares.K,
        EquationParameter.SquaredM => equation.Squares.M,
        EquationParameter.SquaredN => equation.Squares.N,
        EquationParameter.Range => equation.Link!.Range,
        EquationParameter.Offset => equation.Link!.Offset,
        _ => throw new ArgumentOutOfRangeException(nameof(parameter), parameter, "There is no such parameter."),
    };

    private static string SourceOf(FitData data, IReadOnlyList<Observation> observations)
    {
        var model = observations.Select(observation => observation.Fingerprints.Model).FirstOrDefault(name => name is not null) ?? "a model without a name";
        var kind = observations[0].IsSimulated ? "simulated " : "";
        return $"{data.Rows.Count:N0} {kind}observations of {model} on {string.Join(", ", data.Scales.Select(scale => scale.DataSet).Distinct())}";
    }
}
