namespace AgentRag.Answering;

/// <summary>What one question may cost. All values in model tokens.</summary>
public sealed record TokenBudgetOptions
{
    /// <summary>Upper bound of the effective context tokens: input tokens over all requests of a question (the paper's L_max). Default 65,536: what
    /// IterDRAG takes at most with k = 5, m = 2, n = 5 and passages of about 130 tokens.</summary>
    public long MaxEffectiveContextTokens { get; init; } = 65_536;

    /// <summary>Context window of the model: no single request and its answer exceed it. Default 131,072.</summary>
    public int ContextWindowTokens { get; init; } = 131_072;

    /// <summary>Part of the window kept free for each answer. Default 512: a short answer or one step.</summary>
    public int ReservedAnswerTokens { get; init; } = 512;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public TokenBudgetOptions Validated()
    {
        List<string> problems = [];
        Require(MaxEffectiveContextTokens >= 1, $"MaxEffectiveContextTokens is {MaxEffectiveContextTokens}, must be at least 1");
        Require(ContextWindowTokens >= 2, $"ContextWindowTokens is {ContextWindowTokens}, must be at least 2");
        Require(
            ReservedAnswerTokens >= 1 && ReservedAnswerTokens < ContextWindowTokens,
            $"ReservedAnswerTokens is {ReservedAnswerTokens}, must be in [1, ContextWindowTokens - 1]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Token budget: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
