namespace AgentRag.Decoding.Sampling;

/// <summary>How the next token is chosen from the model's logits.</summary>
/// <remarks>Applied in this order: penalties, temperature, top-k, top-p, min-p; then probabilities sum to 1 again.</remarks>
public sealed record SamplingOptions
{
    /// <summary>What logits are divided by, ≥ 0. Default 0: the token of the highest logit, always.</summary>
    public double Temperature { get; init; }

    /// <summary>Only so many of the likeliest tokens, ≥ 0. Default 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together reach this probability, in (0, 1]. Default 1: all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens of at least this share of the likeliest one's probability, in [0, 1]. Default 0: all.</summary>
    public double MinP { get; init; }

    /// <summary>Logits of tokens in the context are divided by it when positive and multiplied when negative, > 0 (Keskar et al., arXiv 1909.05858). Default 1: none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from the logit of every token generated before, in [-2, 2] as in OpenAI's API. Default 0.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken from a token's logit for each time it was generated before, in [-2, 2]. Default 0.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Chooses the random numbers. Default 0. The same seed gives the same text.</summary>
    public long Seed { get; init; }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public SamplingOptions Validated()
    {
        List<string> problems = [];
        Require(Temperature is >= 0 and <= 1_000, $"Temperature is {Temperature}, must be in [0, 1000]");
        Require(TopK >= 0, $"TopK is {TopK}, must be at least 0");
        Require(TopP is > 0 and <= 1, $"TopP is {TopP}, must be in (0, 1]");
        Require(MinP is >= 0 and <= 1, $"MinP is {MinP}, must be in [0, 1]");
        Require(RepetitionPenalty is > 0 and <= 100, $"RepetitionPenalty is {RepetitionPenalty}, must be in (0, 100]");
        Require(PresencePenalty is >= -2 and <= 2, $"PresencePenalty is {PresencePenalty}, must be in [-2, 2]");
        Require(FrequencyPenalty is >= -2 and <= 2, $"FrequencyPenalty is {FrequencyPenalty}, must be in [-2, 2]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Sampling: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
