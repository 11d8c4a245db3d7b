using System.Runtime.InteropServices;

namespace AgentRag.Fitting;

/// <summary>One column of the regression: a term, for all strategies or for one.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FitColumn(EquationParameter Term, int? Strategy)
{
    public double Value(in FitRow row) => Strategy is { } only && only != row.Strategy ? 0 : row.Terms.Value(Term);
}

/// <summary>An equation fitted to rows of one or several strategies.</summary>
internal sealed record EquationFit
{
    // Below this share of the widest link the data say where it ends.
    private const double LinkIsOpen = 0.9 * SigmoidSum.MaxRange;

    /// <summary>The columns that could be told apart, with their weights in <see cref="Weights"/>.</summary>
    public required IReadOnlyList<FitColumn> Columns { get; init; }

    /// <summary>The columns that say nothing beside those before them.</summary>
    public required IReadOnlyList<FitColumn> Dropped { get; init; }

    public required double[] Weights { get; init; }

    public required LogisticLink? Link { get; init; }

    public required EstimateCovariance Covariance { get; init; }

    /// <summary>Whether a link was asked for and could not be found.</summary>
    public bool LacksLink { get; init; }

    public int ParameterCount => Weights.Length + (Link is null ? 0 : 2);

    /// <summary>Fits; null when there are not more rows than parameters.</summary>
    public static EquationFit? Of(IReadOnlyList<FitRow> rows, FitVariant variant, StrategyPooling pooling, bool withInformativeness)
    {
        if (rows.Count == 0)
        {
            return null;
        }

        var all = ColumnsOf(rows, variant, pooling, withInformativeness);
        var values = Array.ConvertAll(all, column => rows.Select(row => column.Value(row)).ToArray());
        var kept = LeastSquares.IndependentColumns(values);
        var wantsLink = variant != FitVariant.Linear;
        if (rows.Count <= kept.Length + (wantsLink ? 2 : 0))
        {
            return null;
        }

        var columns = Array.ConvertAll(kept, index => values[index]);
        var z = rows.Select(row => row.Z).ToArray();
        var weights = LeastSquares.Solve(columns, z);
        var clusters = rows.Select(row => row.Cluster).ToArray();
        var fit = new EquationFit
        {
            Columns = [.. kept.Select(index => all[index])],
            Dropped = [.. all.Except(kept.Select(index => all[index]))],
            Weights = weights,
            Link = null,
            Covariance = LeastSquares.Covariance(columns, [.. Residuals(z, Product(columns, weights))], clusters),
        };
        return !wantsLink ? fit
            : (variant == FitVariant.SigmoidInTwoStages ? fit.WithLinkOnTop(columns, z) : fit.WithLinkTogether(columns, z, clusters)) ?? fit with { LacksLink = true };
    }

    public double Predict(in FitRow row)
    {
        var x = 0.0;
        for (var j = 0; j < Weights.Length; j++)
        {
            x += Weights[j] * Columns[j].Value(row);
        }

        return Link?.Apply(x) ?? x;
    }

    /// <summary>The equation of one strategy, with how sure it is.</summary>
    public (PerformanceEquation Equation, EquationUncertainty Uncertainty) For(int strategy)
    {
        List<int> own = [.. Enumerable.Range(0, Columns.Count).Where(j => Columns[j].Strategy is null || Columns[j].Strategy == strategy)];
        List<int> estimated = [.. own, .. Link is null ? Enumerable.Empty<int>() : [Weights.Length, Weights.Length + 1]];
        return (
            new PerformanceEquation
            {
                A = new(Weight(EquationParameter.K), Weight(EquationParameter.M), Weight(EquationParameter.N)),
                B = new(Weight(EquationParameter.DocumentK), Weight(EquationParameter.DemonstrationM), 0),
                Squares = new(Weight(EquationParameter.SquaredK), Weight(EquationParameter.SquaredM), Weight(EquationParameter.SquaredN)),
                C = Weight(EquationParameter.Constant),
                Link = Link,
            },
            new EquationUncertainty
            {
                Parameters = [.. own.Select(j => Columns[j].Term), .. Link is null ? Enumerable.Empty<EquationParameter>() : [EquationParameter.Range, EquationParameter.Offset]],
                Covariance = [.. estimated.Select(i => (IReadOnlyList<double>)[.. estimated.Select(j => Covariance.Matrix[i, j])])],
                ResidualVariance = Covariance.ResidualVariance,
                IntervalFactor = Covariance.IntervalFactor,
            });

        double Weight(EquationParameter term) => own.Where(j => Columns[j].Term == term).Sum(j => Weights[j]);
    }

    // The most wanted first: what is left out is what cannot be told from those before.
    private static FitColumn[] ColumnsOf(IReadOnlyList<FitRow> rows, FitVariant variant, StrategyPooling pooling, bool withInformativeness)
    {
        List<FitColumn> columns = pooling == StrategyPooling.Intercept
            ? [.. rows.Select(row => row.Strategy).Distinct().Order().Select(strategy => new FitColumn(EquationParameter.Constant, strategy))]
            : [new(EquationParameter.Constant, null)];
        columns.AddRange([new(EquationParameter.K, null), new(EquationParameter.M, null), new(EquationParameter.N, null)]);
        if (withInformativeness && variant != FitVariant.WithoutInformativeness)
        {
            columns.AddRange([new(EquationParameter.DocumentK, null), new(EquationParameter.DemonstrationM, null)]);
        }

        if (variant == FitVariant.Quadratic)
        {
            columns.AddRange([new(EquationParameter.SquaredK, null), new(EquationParameter.SquaredM, null), new(EquationParameter.SquaredN, null)]);
        }

        return [.. columns];
    }

    private EquationFit? WithLinkOnTop(double[][] columns, double[] z)
    {
        var link = LinkOver(Product(columns, Weights), z);
        return link is null ? null : this with { Link = link };
    }

    private EquationFit? WithLinkTogether(double[][] columns, double[] z, int[] clusters)
    {
        if (LinkOver(Product(columns, Weights), z) is not { } start)
        {
            return null;
        }

        // Inside the logistic stands wᵀ f = steepness · (x + shift).
        var constants = Columns.Select(column => column.Term == EquationParameter.Constant ? 1.0 : 0).ToArray();
        var problem = new SigmoidSum(columns, z);
        double[] first = [.. Weights.Select((weight, j) => start.Steepness * (weight + (constants[j] * start.Shift))), start.Range, start.Offset];
        if (LevenbergMarquardt.Minimize(problem, first) is not { } found || found[^2] > LinkIsOpen)
        {
            return null;
        }

        // The scale of x is free. As in the paper, x is what a regression of z on x leaves as it is: slope 1, intercept 0.
        var inner = Enumerable.Range(0, z.Length).Select(row => problem.Inner(found, row)).ToArray();
        var (mean, slope) = Line(inner, z);
        var intercept = z.Average() - (slope * mean);
        var residuals = Enumerable.Range(0, z.Length)
            .Select(row => z[row] - new LogisticLink(found[^2], 1, 0, found[^1]).Apply(inner[row])).ToArray();
        var covariance = LeastSquares.Covariance(problem.Jacobian(found), residuals, clusters);
        if (slope <= 0 || covariance.IsSingular)
        {
            return null;
        }

        for (var i = 0; i < found.Length; i++)
        {
            for (var j = 0; j < found.Length; j++)
            {
                covariance.Matrix[i, j] *= (i < Weights.Length ? slope : 1) * (j < Weights.Length ? slope : 1);
            }
        }

        return this with
        {
            Weights = [.. Weights.Select((_, j) => (slope * found[j]) + (constants[j] * intercept))],
            Link = new LogisticLink(found[^2], 1 / slope, -intercept, found[^1]),
            Covariance = covariance,
        };
    }

    // The paper's second stage, begun with a link that is about the identity in the middle of the data.
    private static LogisticLink? LinkOver(double[] x, double[] z)
    {
        var (low, high) = (z.Min(), z.Max());
        var range = 1.3 * (high - low);
        if (range <= 0)
        {
            return null;
        }

        var offset = ((low + high) / 2) - (range / 2);
        var found = LevenbergMarquardt.Minimize(new LinkSum(x, z), [range, 4 / range, -x.Average(), offset]);
        return found is null ? null : new LogisticLink(found[0], found[1], found[2], found[3]);
    }

    private static (double Mean, double Slope) Line(double[] x, double[] y)
    {
        var (meanX, meanY) = (x.Average(), y.Average());
        var (products, squares) = (0.0, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            products += (x[i] - meanX) * (y[i] - meanY);
            squares += (x[i] - meanX) * (x[i] - meanX);
        }

        return (meanX, squares == 0 ? 0 : products / squares);
    }

    private static double[] Product(double[][] columns, double[] weights)
    {
        var product = new double[columns[0].Length];
        for (var j = 0; j < columns.Length; j++)
        {
            for (var row = 0; row < product.Length; row++)
            {
                product[row] += weights[j] * columns[j][row];
            }
        }

        return product;
    }

    private static IEnumerable<double> Residuals(double[] observed, double[] predicted) => observed.Zip(predicted, (z, fitted) => z - fitted);
}
