using AgentRag.Answering;

namespace AgentRag.Authoring;

/// <summary>When the answer of a trace counts as correct.</summary>
public enum CorrectAnswer
{
    /// <summary>It equals a gold answer after normalisation (ExactMatch 1).</summary>
    ExactMatch,

    /// <summary>It contains a gold answer after normalisation (Accuracy 1).</summary>
    ContainsGold,
}

/// <summary>One way to try a question.</summary>
/// <param name="Parameters">k, m and n.</param>
/// <param name="Temperature">Sampling temperature in [0, 2]; null for the prompt's own.</param>
/// <param name="Seed">Sampling seed; null for none.</param>
public sealed record BuildTry(InferenceParameters Parameters, float? Temperature = null, long? Seed = null);

/// <summary>How demonstrations are built.</summary>
public sealed record DemonstrationBuildOptions
{
    /// <summary>
    /// The strategy: <c>iterdrag</c> keeps traces of the loop, <c>drag</c> gives labelled questions their passages and asks no model. Default
    /// <c>iterdrag</c>, whose demonstrations serve DRAG too.
    /// </summary>
    public string Strategy { get; init; } = IterDragAnswerer.Name;

    /// <summary>When an answer counts as correct. Default exact match: what is shown should be what is wanted.</summary>
    public CorrectAnswer Correct { get; init; } = CorrectAnswer.ExactMatch;

    /// <summary>
    /// How each question is tried, one after the other, length ≥ 1; the shortest trace that can be kept wins (DeepRAG, arXiv 2502.01142: traces with the fewest
    /// retrievals teach best). A trace of one step ends the tries, as none is shorter. Default: once, with k = 5, m = 2, n = 5.
    /// </summary>
    public IReadOnlyList<BuildTry> Tries { get; init; } = [new BuildTry(new InferenceParameters(5, 2, 5))];

    /// <summary>The budget of each try.</summary>
    public TokenBudgetOptions Budget { get; init; } = new();

    /// <summary>At most how many questions are asked, ≥ 1; null for all.</summary>
    public int? MaxQuestions { get; init; }

    /// <summary>
    /// Effective context tokens that the whole build may take, ≥ the budget of one try; null for any number. A try is begun only if its whole budget still fits.
    /// </summary>
    public long? MaxTokens { get; init; }

    /// <summary>
    /// What the whole build may cost, in the currency of <see cref="AnsweringContext.Prices"/>, > 0; null for any sum. Each try may cost what is left of it, so it
    /// holds as a question's own bound does; a try that it cuts short is made again when the limit is raised.
    /// </summary>
    public decimal? MaxCost { get; init; }

    /// <summary>Stands for the index that passages come from; written into the demonstrations. Null when not known.</summary>
    public string? IndexVersion { get; init; }

    /// <summary>Whether a log begun with other settings is thrown away instead of refused. Default false.</summary>
    public bool Anew { get; init; }

    /// <summary>Tries that may fail one after the other before the build gives up, ≥ 1. Default 5: by then the model is gone.</summary>
    public int MaxFailuresInARow { get; init; } = 5;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public DemonstrationBuildOptions Validated()
    {
        List<string> problems = [];
        Require(
            Strategy is IterDragAnswerer.Name or DragAnswerer.Name,
            $"strategy is {Strategy}, must be {DragAnswerer.Name} or {IterDragAnswerer.Name}: no other shows passages");
        Require(Tries.Count > 0, "there is no try, at least one is needed");
        Require(MaxQuestions is null or >= 1, $"at most {MaxQuestions} questions are to be asked, must be at least 1");
        Require(MaxCost is null or > 0, $"the cost limit is {MaxCost}, must be above 0");
        Require(MaxFailuresInARow >= 1, $"MaxFailuresInARow is {MaxFailuresInARow}, must be at least 1");
        Require(
            MaxTokens is null || Strategy == DragAnswerer.Name || MaxTokens >= Budget.MaxEffectiveContextTokens,
            $"the token limit is {MaxTokens:N0}, below the budget of one question, {Budget.MaxEffectiveContextTokens:N0}: raise the limit or lower the budget");
        if (problems.Count > 0)
        {
            throw new AgentRagException($"Building demonstrations: {string.Join("; ", problems)}.");
        }

        Budget.Validated();
        foreach (var attempt in Tries)
        {
            attempt.Parameters.Validated();
        }

        return this;

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
