namespace AgentRag.Answering;

/// <summary>When a loop of sub-queries ends before n iterations are used.</summary>
public sealed record StopRules
{
    /// <summary>Sub-queries in a row that bring no new passage before the final answer is forced, ≥ 1; null for never. Default 2: the first retrieval often holds
    /// what the later ones look for, so that a single one says little.</summary>
    public int? MaxSubQueriesWithoutNewPassages { get; init; } = 2;

    /// <summary>Sub-queries in a row that are answered with "not found" before the final answer is forced, ≥ 1; null for never. Default 2.</summary>
    public int? MaxUnknownAnswers { get; init; } = 2;

    /// <summary>Whether a sub-query that repeats an earlier one forces the final answer. Default true.</summary>
    public bool StopsAtRepeatedSubQuery { get; init; } = true;

    /// <summary>Whether the model is asked before each step if what is held is enough. Default false: it takes a request more, and stopping early loses answers
    /// (CoRAG, arXiv 2501.14342, section 5.4): measure it with <c>evaluate</c>.</summary>
    public bool ChecksSufficiency { get; init; }

    /// <summary>
    /// Drafts of the final answer in a row, one before each step, that must agree for the last of them to be the answer, ≥ 2; null for no drafts. "Not found" agrees with
    /// nothing. Default null: a draft takes a request with all passages, and a model that is wrong before a step may well be wrong behind it: measure it with
    /// <c>evaluate --strategy iterdrag,iterdrag+drafts</c>.
    /// </summary>
    public int? AgreeingDrafts { get; init; }

    /// <summary>Returns these rules if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public StopRules Validated()
    {
        List<string> problems = [];
        Require(MaxSubQueriesWithoutNewPassages is null or >= 1, $"MaxSubQueriesWithoutNewPassages is {MaxSubQueriesWithoutNewPassages}, must be at least 1");
        Require(MaxUnknownAnswers is null or >= 1, $"MaxUnknownAnswers is {MaxUnknownAnswers}, must be at least 1");
        Require(AgreeingDrafts is null or >= 2, $"AgreeingDrafts is {AgreeingDrafts}, must be at least 2");
        return problems.Count == 0 ? this : throw new AgentRagException($"Stop rules: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
