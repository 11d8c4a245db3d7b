using MathNet.Numerics;

namespace AgentRag.Fitting;

/// <summary>The paper's second stage: the link alone, from given linear predictions. Parameters: range, steepness, shift, offset.</summary>
internal sealed class LinkSum(double[] x, double[] z) : ISumOfSquares
{
    public bool IsAllowed(ReadOnlySpan<double> parameters) => parameters[0] is > 0 and < SigmoidSum.MaxRange && parameters[1] > 0;

    public double At(ReadOnlySpan<double> parameters)
    {
        var sum = 0.0;
        for (var row = 0; row < x.Length; row++)
        {
            var residual = z[row] - (parameters[0] * SpecialFunctions.Logistic(parameters[1] * (x[row] + parameters[2]))) - parameters[3];
            sum += residual * residual;
        }

        return sum;
    }

    public void Derive(ReadOnlySpan<double> parameters, Span<double> hessian, Span<double> gradient)
    {
        Span<double> derivatives = stackalloc double[4];
        for (var row = 0; row < x.Length; row++)
        {
            var share = SpecialFunctions.Logistic(parameters[1] * (x[row] + parameters[2]));
            var bend = parameters[0] * share * (1 - share);
            derivatives[0] = share;
            derivatives[1] = bend * (x[row] + parameters[2]);
            derivatives[2] = bend * parameters[1];
            derivatives[3] = 1;
            SigmoidSum.Accumulate(derivatives, z[row] - (parameters[0] * share) - parameters[3], hessian, gradient);
        }
    }
}

/// <summary>
/// Weights and link at once: z ≈ range · logistic(wᵀ f) + offset. Steepness and shift are not parameters, as w takes them up. Parameters: w, range, offset.
/// </summary>
/// <param name="columns">The columns of f.</param>
/// <param name="z">What is observed.</param>
internal sealed class SigmoidSum(IReadOnlyList<double[]> columns, double[] z) : ISumOfSquares
{
    /// <summary>The widest link, in z: beyond it the link is a straight line over any data.</summary>
    public const double MaxRange = 40;

    private readonly double[] _features = ByRow(columns, z.Length);

    public bool IsAllowed(ReadOnlySpan<double> parameters) => parameters[^2] is > 0 and < MaxRange;

    public double At(ReadOnlySpan<double> parameters)
    {
        var sum = 0.0;
        for (var row = 0; row < z.Length; row++)
        {
            var residual = z[row] - (parameters[^2] * SpecialFunctions.Logistic(Inner(parameters, row))) - parameters[^1];
            sum += residual * residual;
        }

        return sum;
    }

    public void Derive(ReadOnlySpan<double> parameters, Span<double> hessian, Span<double> gradient)
    {
        var derivatives = new double[parameters.Length];
        for (var row = 0; row < z.Length; row++)
        {
            var share = Differentiate(parameters, row, derivatives);
            Accumulate(derivatives, z[row] - (parameters[^2] * share) - parameters[^1], hessian, gradient);
        }
    }

    /// <summary>The derivatives of all predictions, a column for each parameter.</summary>
    public double[][] Jacobian(double[] parameters)
    {
        var jacobian = Array.ConvertAll(parameters, _ => new double[z.Length]);
        var derivatives = new double[parameters.Length];
        for (var row = 0; row < z.Length; row++)
        {
            Differentiate(parameters, row, derivatives);
            for (var j = 0; j < derivatives.Length; j++)
            {
                jacobian[j][row] = derivatives[j];
            }
        }

        return jacobian;
    }

    /// <summary>wᵀ f of a row.</summary>
    public double Inner(ReadOnlySpan<double> parameters, int row)
    {
        var features = _features.AsSpan(row * columns.Count, columns.Count);
        var inner = 0.0;
        for (var j = 0; j < features.Length; j++)
        {
            inner += parameters[j] * features[j];
        }

        return inner;
    }

    public static void Accumulate(ReadOnlySpan<double> derivatives, double residual, Span<double> hessian, Span<double> gradient)
    {
        for (var i = 0; i < derivatives.Length; i++)
        {
            gradient[i] += derivatives[i] * residual;
            for (var j = 0; j <= i; j++)
            {
                hessian[(i * derivatives.Length) + j] += derivatives[i] * derivatives[j];
            }
        }
    }

    private double Differentiate(ReadOnlySpan<double> parameters, int row, double[] derivatives)
    {
        var features = _features.AsSpan(row * columns.Count, columns.Count);
        var share = SpecialFunctions.Logistic(Inner(parameters, row));
        var bend = parameters[^2] * share * (1 - share);
        for (var j = 0; j < features.Length; j++)
        {
            derivatives[j] = bend * features[j];
        }

        (derivatives[^2], derivatives[^1]) = (share, 1);
        return share;
    }

    private static double[] ByRow(IReadOnlyList<double[]> columns, int rows)
    {
        var features = new double[rows * columns.Count];
        for (var j = 0; j < columns.Count; j++)
        {
            for (var row = 0; row < rows; row++)
            {
                features[(row * columns.Count) + j] = columns[j][row];
            }
        }

        return features;
    }
}
