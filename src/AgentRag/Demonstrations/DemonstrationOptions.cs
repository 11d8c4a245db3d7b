using AgentRag.Retrieval;

namespace AgentRag.Demonstrations;

/// <summary>How a store chooses demonstrations and how many passages each of them shows.</summary>
public sealed record DemonstrationOptions
{
    /// <summary>Which demonstrations a question gets. Default: the first m, because what never changes is what providers cache.</summary>
    public DemonstrationSelection Selection { get; init; } = DemonstrationSelection.Fixed;

    /// <summary>The seed of <see cref="DemonstrationSelection.Random"/>. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>
    /// Passages that a demonstration shows for its question, and for each sub-query, at most; in [0, 1000]. Never more than the k of the question asked.
    /// Default null: that k, as in the paper (section 4.1).
    /// </summary>
    public int? K { get; init; }

    /// <summary>What likeness to the question counts against unlikeness to each other in <see cref="DemonstrationSelection.Diverse"/>; in [0, 1]. Default 0.5.</summary>
    public double Relevance { get; init; } = 0.5;

    /// <summary>
    /// Ranks the pool's questions for <see cref="DemonstrationSelection.Nearest"/>: the document ids of its passages are the demonstrations' ids. Default null:
    /// BM25 over the questions, made when it is first needed.
    /// </summary>
    public IRetriever? Questions { get; init; }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public DemonstrationOptions Validated()
    {
        List<string> problems = [];
        Require(Enum.IsDefined(Selection), $"Selection is {Selection}, must be Fixed, Random, Nearest or Diverse");
        Require(K is null or (>= 0 and <= RetrievalQuery.MaxK), $"K is {K}, must be in [0, {RetrievalQuery.MaxK}]");
        Require(Relevance is >= 0 and <= 1, $"Relevance is {Relevance}, must be in [0, 1]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Demonstrations: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
