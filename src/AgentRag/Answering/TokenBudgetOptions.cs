namespace AgentRag.Answering;

/// <summary>What one question may cost: tokens, and where wanted time, requests and money. Each bound is hard.</summary>
public sealed record TokenBudgetOptions
{
    /// <summary>Upper bound of the effective context tokens: input tokens over all requests of a question (the paper's L_max). Default 65,536: what
    /// IterDRAG takes at most with k = 5, m = 2, n = 5 and passages of about 130 tokens.</summary>
    public long MaxEffectiveContextTokens { get; init; } = 65_536;

    /// <summary>Context window of the model, in tokens: no single request and its answer exceed it. Default 131,072.</summary>
    public int ContextWindowTokens { get; init; } = 131_072;

    /// <summary>Part of the window kept free for each answer, in tokens. Default 512: a short answer or one step.</summary>
    public int ReservedAnswerTokens { get; init; } = 512;

    /// <summary>Longest time from the question to its answer; at most a day. Default null: as long as it takes. Steps end after three quarters of it, so that the
    /// final answer has time left.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Most requests to the model, ≥ 1; the final answer is one of them. Default null: as many as the other bounds allow.</summary>
    public int? MaxCalls { get; init; }

    /// <summary>Most money for one question, in the currency of the price table, > 0. Default null: no bound. A request counts with all its input uncached and
    /// its whole reserved answer until its reply tells what it really took.</summary>
    public decimal? MaxCost { get; init; }

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
        Require(Deadline is null || (Deadline > TimeSpan.Zero && Deadline <= TimeSpan.FromDays(1)), $"Deadline is {Deadline}, must be above 0 and at most a day");
        Require(MaxCalls is null or >= 1, $"MaxCalls is {MaxCalls}, must be at least 1");
        Require(MaxCost is null or > 0, $"MaxCost is {MaxCost}, must be above 0");
        return problems.Count == 0 ? this : throw new AgentRagException($"Token budget: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
