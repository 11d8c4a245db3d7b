namespace AgentRag.Tokens.Calibration;

/// <summary>How counts are brought in line with what a provider reports.</summary>
public sealed record CalibrationOptions
{
    /// <summary>The share of requests that must not be under-counted, in [0.5, 1). Default 0.99.</summary>
    public double Quantile { get; init; } = 0.99;

    /// <summary>The last requests that are learned from; at least <see cref="RequestsNeeded"/>. Default 512.</summary>
    public int WindowRequests { get; init; } = 512;

    /// <summary>Factor by which the worst request seen is exceeded until there are enough of them, ≥ 1. Default 1.1.</summary>
    public double EarlyMargin { get; init; } = 1.1;

    /// <summary>Requests from which on the quantile holds: with fewer no finite bound can. 99 for the default.</summary>
    public int RequestsNeeded => (int)Math.Ceiling((Quantile / (1 - Quantile)) - 1e-9);

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public CalibrationOptions Validated()
    {
        List<string> problems = [];
        Require(Quantile is >= 0.5 and < 1, $"Quantile is {Quantile}, must be in [0.5, 1)");
        Require(!(Quantile is >= 0.5 and < 1) || WindowRequests >= RequestsNeeded, $"WindowRequests is {WindowRequests}, must be at least {RequestsNeeded} for the quantile {Quantile}");
        Require(EarlyMargin >= 1, $"EarlyMargin is {EarlyMargin}, must be at least 1");
        return problems.Count == 0 ? this : throw new AgentRagException($"Token calibration: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
