using AgentRag.Answering;

namespace AgentRag.Fitting;

/// <summary>
/// Predicts performance from inference parameters: σ⁻¹(P(θ)) ≈ (a + b ⊙ i)ᵀ log(θ + ε) + c, with θ = (k, m, n) (paper section 5, equation 2).
/// </summary>
/// <remarks>P is z-scored for each data set and metric, so a prediction ranks parameters; it is no accuracy.</remarks>
public sealed record AllocationModel
{
    /// <summary>Who fitted the coefficients, on what: shown with every prediction.</summary>
    public required string Source { get; init; }

    /// <summary>Weights of log(k + ε), log(m + ε), log(n + ε).</summary>
    public required ParameterWeights A { get; init; }

    /// <summary>What informativeness adds to the weights; its n is 0 in the paper.</summary>
    public required ParameterWeights B { get; init; }

    /// <summary>The constant c.</summary>
    public required double C { get; init; }

    /// <summary>The link σ.</summary>
    public required LogisticLink Link { get; init; }

    /// <summary>Added to k, m and n before the logarithm, so that 0 is legal. Default 0.01 (paper footnote 2).</summary>
    public double Epsilon { get; init; } = 0.01;

    /// <summary>The coefficients of the paper's table 8: Gemini 1.5 Flash with a Gecko retriever over Wikipedia. R² 0.903.</summary>
    public static AllocationModel Published { get; } = new()
    {
        Source = "Gemini 1.5 Flash (arXiv 2410.04343, table 8)",
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
        return ((A.K + (B.K * informativeness.Document)) * Math.Log(parameters.K + Epsilon))
            + ((A.M + (B.M * informativeness.Demonstration)) * Math.Log(parameters.M + Epsilon))
            + (A.N * Math.Log(parameters.N + Epsilon))
            + C;
    }

    /// <summary>The predicted performance: σ of the linear part.</summary>
    /// <param name="parameters">θ.</param>
    /// <param name="informativeness">i.</param>
    /// <returns>z-scored performance.</returns>
    public double Predict(InferenceParameters parameters, Informativeness informativeness) => Link.Apply(PredictLinear(parameters, informativeness));
}

/// <summary>One weight for each of k, m and n.</summary>
/// <param name="K">For passages.</param>
/// <param name="M">For demonstrations.</param>
/// <param name="N">For iterations.</param>
public sealed record ParameterWeights(double K, double M, double N);

/// <summary>How much the first passage and the first demonstration help a strategy on a task (paper section 5.1), in z-scored performance.</summary>
/// <param name="Document">P(k=1, m=0, n=1) − P(0, 0, 1).</param>
/// <param name="Demonstration">P(k=0, m=1, n=1) − P(0, 0, 1).</param>
public sealed record Informativeness(double Document, double Demonstration)
{
    /// <summary>Nothing measured: the weights a alone decide.</summary>
    public static Informativeness Unknown { get; } = new(0, 0);
}
