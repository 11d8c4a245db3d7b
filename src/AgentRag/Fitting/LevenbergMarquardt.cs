namespace AgentRag.Fitting;

/// <summary>A sum of squares to be made small by its parameters.</summary>
internal interface ISumOfSquares
{
    /// <summary>Whether the parameters lie where they may.</summary>
    bool IsAllowed(ReadOnlySpan<double> parameters);

    /// <summary>The sum of squared residuals.</summary>
    double At(ReadOnlySpan<double> parameters);

    /// <summary>Adds up JᵀJ (row by row) and Jᵀr, both given as zeros, r being observed minus predicted.</summary>
    void Derive(ReadOnlySpan<double> parameters, Span<double> hessian, Span<double> gradient);
}

/// <summary>Non-linear least squares after Levenberg and Marquardt (Marquardt, SIAM 1963), with damping scaled by the diagonal.</summary>
/// <remarks>
/// Own, because MathNet's takes functions of one x alone and keeps a Jacobian of all rows; here JᵀJ of at most a dozen parameters is added up row by row.
/// A test holds it against MathNet's on the link.
/// </remarks>
internal static class LevenbergMarquardt
{
    private const int MaxIterations = 500;
    private const double MaxDamping = 1e12;

    // Relative gain of a step below which the minimum is reached.
    private const double Gain = 1e-13;

    /// <summary>Finds the minimum from a starting point.</summary>
    /// <returns>The parameters; null when the iterations ran out.</returns>
    public static double[]? Minimize(ISumOfSquares problem, double[] start)
    {
        var count = start.Length;
        var (parameters, trial, step) = ((double[])start.Clone(), new double[count], new double[count]);
        var (hessian, gradient, factor) = (new double[count * count], new double[count], new double[count * count]);
        var sum = problem.At(parameters);
        var damping = 1e-3;
        for (var iteration = 0; iteration < MaxIterations && double.IsFinite(sum); iteration++)
        {
            Array.Clear(hessian);
            Array.Clear(gradient);
            problem.Derive(parameters, hessian, gradient);
            while (true)
            {
                if (damping > MaxDamping)
                {
                    // No step in any direction makes it smaller.
                    return parameters;
                }

                if (Solve(hessian, gradient, damping, factor, step))
                {
                    for (var i = 0; i < count; i++)
                    {
                        trial[i] = parameters[i] + step[i];
                    }

                    var next = problem.IsAllowed(trial) ? problem.At(trial) : double.PositiveInfinity;
                    if (next <= sum)
                    {
                        var gained = sum - next;
                        (parameters, trial) = (trial, parameters);
                        sum = next;
                        damping = Math.Max(damping / 10, 1e-12);
                        if (gained <= Gain * sum)
                        {
                            return parameters;
                        }

                        break;
                    }
                }

                damping *= 10;
            }
        }

        return null;
    }

    /// <summary>Solves (H + damping · diag H) step = gradient by Cholesky.</summary>
    /// <returns>False when the matrix is not positive definite.</returns>
    private static bool Solve(double[] hessian, double[] gradient, double damping, double[] factor, double[] step)
    {
        var count = gradient.Length;
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = hessian[(i * count) + j];
                if (i == j)
                {
                    sum += damping * Math.Max(sum, 1e-12);
                }

                for (var l = 0; l < j; l++)
                {
                    sum -= factor[(i * count) + l] * factor[(j * count) + l];
                }

                if (i == j && sum <= 0)
                {
                    return false;
                }

                factor[(i * count) + j] = i == j ? Math.Sqrt(sum) : sum / factor[(j * count) + j];
            }
        }

        for (var i = 0; i < count; i++)
        {
            var sum = gradient[i];
            for (var l = 0; l < i; l++)
            {
                sum -= factor[(i * count) + l] * step[l];
            }

            step[i] = sum / factor[(i * count) + i];
        }

        for (var i = count - 1; i >= 0; i--)
        {
            var sum = step[i];
            for (var l = i + 1; l < count; l++)
            {
                sum -= factor[(l * count) + i] * step[l];
            }

            step[i] = sum / factor[(i * count) + i];
        }

        return true;
    }
}
