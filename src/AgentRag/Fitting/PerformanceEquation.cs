using System.Runtime.InteropServices;
using AgentRag.Answering;

namespace AgentRag.Fitting;

/// <summary>
/// Predicts performance from inference parameters: σ⁻¹(P(θ)) ≈ (a + b ⊙ i)ᵀ log(θ + ε) + c, with θ = (k, m, n) (paper section 5, equation 2).
/// </summary>
/// <remarks>P is z-scored for each data set and metric, so a prediction ranks parameters; it is no accuracy. Pure; safe for concurrent use.</remarks>
public sealed record PerformanceEquation
{
    /// <summary>Weights of log(k + ε), log(m + ε), log(n + ε).</summary>
    public required ParameterWeights A { get; init; }

    /// <summary>What informativeness adds to the weights; its n is 0 in the paper and is not used.</summary>
    public required ParameterWeights B { get; init; }

    /// <summary>The constant c.</summary>
    public required double C { get; init; }

    /// <summary>The link σ; null when the linear part itself is the prediction ("linear σ" of the paper's table 2).</summary>
    public LogisticLink? Link { get; init; }

    /// <summary>Weights of the squared logarithms. Default 0: only the quadratic variant of table 2 has them.</summary>
    public ParameterWeights Squares { get; init; } = ParameterWeights.Zero;

    /// <summary>Added to k, m and n before the logarithm, so that 0 is legal. Default 0.01 (paper footnote 2).</summary>
    public double Epsilon { get; init; } = 0.01;

    /// <summary>The coefficients of the paper's table 8: Gemini 1.5 Flash with a Gecko retriever over Wikipedia. R² 0.903.</summary>
    public static PerformanceEquation Published { get; } = new()
    {
        A = new ParameterWeights(0.325, 0.101, 0.177),
        B = new ParameterWeights(-0.067, -0.008, 0),
        C = -0.730,
        Link = LogisticLink.Published,
    };

    /// <summary>The linear part: (a + b ⊙ i)ᵀ log(θ + ε) + c.</summary>
    /// <param name="parameters">θ.</param>
    /// <param name="informativeness">i.</param>
    public double PredictLinear(InferenceParameters parameters, Informativeness informativeness)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(informativeness);
        var terms = new EquationTerms(parameters, informativeness, Epsilon);
        return ((A.K + (B.K * informativeness.Document)) * terms.LogK)
            + ((A.M + (B.M * informativeness.Demonstration)) * terms.LogM)
            + (A.N * terms.LogN)
            + (Squares.K * terms.LogK * terms.LogK) + (Squares.M * terms.LogM * terms.LogM) + (Squares.N * terms.LogN * terms.LogN)
            + C;
    }

    /// <summary>The predicted performance: σ of the linear part.</summary>
    /// <param name="parameters">θ.</param>
    /// <param name="informativeness">i.</param>
    /// <returns>z-scored performance.</returns>
    public double Predict(InferenceParameters parameters, Informativeness informativeness) =>
        PredictLinear(parameters, informativeness) is var x && Link is { } link ? link.Apply(x) : x;

    /// <summary>The derivatives of the prediction by the fitted parameters.</summary>
    internal double[] Gradient(InferenceParameters parameters, Informativeness informativeness, IReadOnlyList<EquationParameter> by)
    {
        var terms = new EquationTerms(parameters, informativeness, Epsilon);
        var x = PredictLinear(parameters, informativeness);
        var (slope, share) = Link is { } link ? (link.Slope(x), link.Share(x)) : (1, 0);
        var gradient = new double[by.Count];
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] = by[i] switch
            {
                EquationParameter.Range => share,
                EquationParameter.Offset => 1,
                var term => slope * terms.Value(term),
            };
        }

        return gradient;
    }
}

/// <summary>What the weights of the linear part weigh.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EquationTerms(double LogK, double LogM, double LogN, double Document, double Demonstration)
{
    public EquationTerms(InferenceParameters parameters, Informativeness informativeness, double epsilon)
        : this(
            Math.Log(parameters.K + epsilon),
            Math.Log(parameters.M + epsilon),
            Math.Log(parameters.N + epsilon),
            informativeness.Document,
            informativeness.Demonstration)
    {
    }

    public double Value(EquationParameter parameter) => parameter switch
    {
        EquationParameter.Constant => 1,
        EquationParameter.K => LogK,
        EquationParameter.M => LogM,
        EquationParameter.N => LogN,
        EquationParameter.DocumentK => Document * LogK,
        EquationParameter.DemonstrationM => Demonstration * LogM,
        EquationParameter.SquaredK => LogK * LogK,
        EquationParameter.SquaredM => LogM * LogM,
        EquationParameter.SquaredN => LogN * LogN,
        _ => throw new ArgumentOutOfRangeException(nameof(parameter), parameter, "This is no term of the linear part."),
    };
}
