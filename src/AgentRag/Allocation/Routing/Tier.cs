using AgentRag.Answering;

namespace AgentRag.Allocation.Routing;

/// <summary>A named amount of inference: parameters and a budget, both upper bounds that are shrunk to what fits.</summary>
/// <param name="Name">The name.</param>
/// <param name="Parameters">k, m and n at most.</param>
/// <param name="MaxEffectiveContextTokens">Input tokens over all requests of a question at most.</param>
public sealed record Tier(string Name, InferenceParameters Parameters, long MaxEffectiveContextTokens)
{
    /// <summary>Simple look-ups.</summary>
    public static Tier Small { get; } = new("small", new InferenceParameters(10, 4, 1), 32_000);

    /// <summary>Questions over technical documents.</summary>
    public static Tier Medium { get; } = new("medium", new InferenceParameters(50, 16, 2), 128_000);

    /// <summary>Multi-hop questions.</summary>
    public static Tier Large { get; } = new("large", new InferenceParameters(200, 64, 4), 1_000_000);

    /// <summary>All tiers, the cheapest first.</summary>
    public static IReadOnlyList<Tier> All { get; } = [Small, Medium, Large];

    /// <summary>The upper bounds for a question of some complexity under a budget.</summary>
    /// <param name="complexity">The question's complexity.</param>
    /// <param name="budgetTokens">Effective context tokens that may be spent, ≥ 1.</param>
    /// <returns>Simple (min(20, B / 600), 4, 1), moderate (min(50, B / 1200), 16, 2), complex (min(100, B / 2400), 32, 4); k at least 1.</returns>
    public static InferenceParameters ParametersFor(QuestionComplexity complexity, long budgetTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetTokens, 1);
        return complexity switch
        {
            QuestionComplexity.Simple => new InferenceParameters(K(20, 600), 4, 1),
            QuestionComplexity.Moderate => new InferenceParameters(K(50, 1200), 16, 2),
            _ => new InferenceParameters(K(100, 2400), 32, 4),
        };

        // The quotients leave out what demonstrations cost; the plan shrinks what does not fit.
        int K(int most, int tokensEach) => (int)Math.Clamp(budgetTokens / tokensEach, 1, most);
    }
}
