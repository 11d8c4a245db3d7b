namespace AgentRag.Evaluation.Runs;

/// <summary>How a run goes about its work. Nothing of it changes what is answered.</summary>
public sealed record EvaluationRunOptions
{
    /// <summary>Questions under way at once, in [1, 256]. Default 1: seconds are those of a model that does nothing else.</summary>
    public int Parallel { get; init; } = 1;

    /// <summary>Requests to the model per minute, ≥ 1; null for no limit. Default null.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>What tokens cost; null when that is not known. Default null.</summary>
    public RunPrices? Prices { get; init; }

    /// <summary>
    /// US dollars that the run may spend in all, earlier sittings included; null for no limit. Default null. Nothing new is begun beyond it; what is under way is
    /// finished, so the run may end at most one answer per parallel question above it.
    /// </summary>
    public double? CostLimit { get; init; }

    /// <summary>Whether questions that failed are asked again. Default false.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>Failures in a row, of whatever question, that end the run: then the model is gone and not the questions hard. Default 20.</summary>
    public int MaxFailuresInARow { get; init; } = 20;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public EvaluationRunOptions Validated()
    {
        List<string> problems = [];
        Require(Parallel is >= 1 and <= 256, $"Parallel is {Parallel}, must be in [1, 256]");
        Require(RequestsPerMinute is null or >= 1, $"RequestsPerMinute is {RequestsPerMinute}, must be at least 1");
        Require(Prices is not { } p || (p.Input >= 0 && p.CachedInput >= 0 && p.Output >= 0), "a price is negative");
        Require(CostLimit is null or > 0, $"CostLimit is {CostLimit}, must be above 0");
        Require(CostLimit is null || Prices is not null, "CostLimit needs Prices: nothing else tells what a request costs");
        Require(MaxFailuresInARow >= 1, $"MaxFailuresInARow is {MaxFailuresInARow}, must be at least 1");
        return problems.Count == 0 ? this : throw new AgentRagException($"Evaluation run: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
