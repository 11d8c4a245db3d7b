namespace AgentRag.Decoding.Training;

/// <summary>Measures of GRPO.</summary>
internal sealed record GrpoOptions
{
    /// <summary>Choices per example, ≥ 2.</summary>
    public int Group { get; init; } = 8;

    /// <summary>Share of chunks expanded, in (0, 1).</summary>
    public required double ExpandedShare { get; init; }

    /// <summary>PPO's clipping of probability ratios.</summary>
    public double Clip { get; init; } = 0.2;

    /// <summary>Updates per set of choices, ≥ 1.</summary>
    public int Epochs { get; init; } = 2;
}

/// <summary>The parts of REFRAG's objective for its policy (appendix A.1): choices are judged against each other, and updates are clipped.</summary>
internal static class Grpo
{
    /// <summary>Rewards of a group less their mean, in units of their spread. All zero where rewards are equal.</summary>
    public static double[] Advantages(IReadOnlyList<double> rewards)
    {
        var mean = rewards.Average();
        var spread = Math.Sqrt(rewards.Average(reward => (reward - mean) * (reward - mean)));
        return [.. rewards.Select(reward => spread > 1e-9 ? (reward - mean) / spread : 0)];
    }

    /// <summary>min(ρ A, clip(ρ, 1 - ε, 1 + ε) A), ρ being e^(now - before).</summary>
    /// <param name="now">ln of the pick's probability.</param>
    /// <param name="before">ln of its probability when it was drawn.</param>
    /// <param name="advantage">The choice's advantage A.</param>
    /// <param name="clip">ε.</param>
    /// <returns>The value, and its derivative by <paramref name="now"/>: 0 where it is clipped.</returns>
    public static (double Value, double Slope) Clipped(double now, double before, double advantage, double clip)
    {
        var ratio = Math.Exp(now - before);
        var value = Math.Min(ratio * advantage, Math.Clamp(ratio, 1 - clip, 1 + clip) * advantage);
        return (value, value == ratio * advantage ? value : 0);
    }
}
