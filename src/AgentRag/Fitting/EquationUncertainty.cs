namespace AgentRag.Fitting;

/// <summary>How sure a fitted equation is.</summary>
public sealed record EquationUncertainty
{
    /// <summary>What was estimated, in the order of <see cref="Covariance"/>; what is missing could not be and is 0.</summary>
    public required IReadOnlyList<EquationParameter> Parameters { get; init; }

    /// <summary>The covariance of the estimates: as many rows and columns as <see cref="Parameters"/>.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> Covariance { get; init; }

    /// <summary>Variance of an observation around the prediction, in squared z: sampling error of the observation and misfit of the equation.</summary>
    public required double ResidualVariance { get; init; }

    /// <summary>Half the width of a 95 % interval in standard errors: Student's t at 0.975.</summary>
    public required double IntervalFactor { get; init; }

    /// <summary>The variance of a prediction: gᵀ Σ g.</summary>
    internal double VarianceOf(double[] gradient)
    {
        var variance = 0.0;
        for (var row = 0; row < gradient.Length; row++)
        {
            for (var column = 0; column < gradient.Length; column++)
            {
                variance += gradient[row] * Covariance[row][column] * gradient[column];
            }
        }

        return Math.Max(variance, 0);
    }
}

/// <summary>A predicted performance in z, with 95 % intervals where the equation was fitted here.</summary>
/// <param name="Linear">The linear part.</param>
/// <param name="Z">The prediction.</param>
/// <param name="MeanInterval">Where the equation's own value lies, were it fitted to endless observations; null for published coefficients.</param>
/// <param name="PredictionInterval">Where one new measurement lies, the equation's misfit included; null for published coefficients.</param>
public sealed record PredictedPerformance(double Linear, double Z, Interval? MeanInterval, Interval? PredictionInterval);

/// <summary>A 95 % interval.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
public sealed record Interval(double Low, double High)
{
    /// <summary>The interval around a value.</summary>
    internal static Interval Around(double value, double half) => new(value - half, value + half);
}
