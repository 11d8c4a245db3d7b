using MathNet.Numerics;

namespace AgentRag.Fitting;

/// <summary>The fitted link σ of the allocation model: σ(x) = Range / (1 + e^(−Steepness · (x + Shift))) + Offset (paper appendix H).</summary>
/// <param name="Range">Distance between the upper and the lower bound, > 0.</param>
/// <param name="Steepness">Slope, > 0.</param>
/// <param name="Shift">Added to x.</param>
/// <param name="Offset">The lower bound of σ.</param>
public sealed record LogisticLink(double Range, double Steepness, double Shift, double Offset)
{
    /// <summary>The link fitted in the paper: range (−2.18, 1.12) in z-scored performance.</summary>
    public static LogisticLink Published { get; } = new(3.30, 1.81, 0.46, -2.18);

    /// <summary>Maps a linear prediction to z-scored performance.</summary>
    /// <param name="x">The linear prediction.</param>
    /// <returns>A value in (<see cref="Offset"/>, <see cref="Offset"/> + <see cref="Range"/>).</returns>
    public double Apply(double x) => (Range * Share(x)) + Offset;

    /// <summary>The share of the range that is reached at x, in (0, 1): the derivative of σ by <see cref="Range"/>.</summary>
    internal double Share(double x) => SpecialFunctions.Logistic(Steepness * (x + Shift));

    /// <summary>The derivative of σ by x.</summary>
    internal double Slope(double x) => Share(x) is var share ? Range * Steepness * share * (1 - share) : 0;
}
