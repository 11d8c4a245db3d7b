using System.Runtime.InteropServices;

namespace AgentRag.Retrieval.Linked;

/// <summary>The link through which a passage gained most.</summary>
/// <param name="Kind">How it leads.</param>
/// <param name="Name">The name it goes through, an index into the graph's names.</param>
/// <param name="Seed">The passage it comes from.</param>
/// <param name="LinkWeight">How much the link is worth, in [0, 1].</param>
/// <param name="SeedScore">The seed's score against the best one's, in [0, 1].</param>
/// <param name="Remainder">How well the passage meets the question terms that the seed lacks, against the best lexical score; ≥ 0.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Bridge(BridgeKind Kind, int Name, int Seed, double LinkWeight, double SeedScore, double Remainder)
{
    /// <summary>What the link adds to a score: the link alone counts half, the other half counts as far as the passage answers the rest of the question.</summary>
    public double Bonus => LinkWeight * SeedScore * (1 + Remainder);
}

/// <summary>How a link leads from a seed to a passage.</summary>
internal enum BridgeKind
{
    /// <summary>The seed mentions what the passage is about.</summary>
    Mention,

    /// <summary>The passage mentions what the seed is about.</summary>
    Back,

    /// <summary>Both mention the name.</summary>
    Shared,
}
