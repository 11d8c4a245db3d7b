namespace AgentRag.Decoding.Speculation;

/// <summary>What RAPID's drafter reads of a long prompt. Defaults are the paper's (section 3.1).</summary>
public sealed record DraftContextOptions
{
    /// <summary>The default of <see cref="LeastTokens"/>.</summary>
    public const int DefaultLeastTokens = 4_096;

    /// <summary>The default of <see cref="Shortens"/>.</summary>
    public const int DefaultShortens = 24;

    /// <summary>Tokens it reads at least, if the prompt has them. Default 4,096.</summary>
    public int LeastTokens { get; init; } = DefaultLeastTokens;

    /// <summary>For longer prompts, one part in so many. Default 24.</summary>
    public int Shortens { get; init; } = DefaultShortens;

    /// <summary>Tokens of a part at most. Default 512.</summary>
    public int ChunkTokens { get; init; } = 512;

    /// <summary>Parts below this share of the best score are left out, in [0, 1]. Default 0.3; the paper's 0.3 is a cosine, ours a share of the best score of whichever retriever ranks.</summary>
    public double LeastScore { get; init; } = 0.3;

    /// <summary>Tokens the drafter is to read of a prompt.</summary>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    public int TokensFor(int promptTokens) => Math.Min(promptTokens, Math.Max(LeastTokens, promptTokens / Shortens));
}
