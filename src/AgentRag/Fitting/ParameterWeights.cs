namespace AgentRag.Fitting;

/// <summary>One weight for each of k, m and n.</summary>
/// <param name="K">For passages.</param>
/// <param name="M">For demonstrations.</param>
/// <param name="N">For iterations.</param>
public sealed record ParameterWeights(double K, double M, double N)
{
    /// <summary>No weight at all.</summary>
    public static ParameterWeights Zero { get; } = new(0, 0, 0);
}
