using System.Globalization;
using AgentRag.Allocation.Routing;
using AgentRag.Answering;
using AgentRag.Fitting;

namespace AgentRag.Allocation;

/// <summary>Chooses the inference parameters that an allocation model ranks best within a token budget (paper section 5, appendix H).</summary>
/// <remarks>
/// A fitted model never argues a measurement away. What was measured counts by its measured value. What was not, but lies between measured configurations,
/// is taken only when it is predicted above the best measured value that fits; what lies beyond all measured ones, only when even the lower end of its 95 %
/// prediction interval is above it (in the paper's table 4 a choice extrapolated to five times the tokens was worse than the one before).
/// </remarks>
public static class BudgetAllocator
{
    /// <summary>From this budget on the paper's IterDRAG beats its DRAG on multi-hop questions (table 1); below, DRAG does.</summary>
    public const long IterDragFromTokens = 128_000;

    // One-sided 5 %.
    private const double WithinNoise = 1.645;

    private static readonly int[] KGrid = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    private static readonly int[] MGrid = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256];
    private static readonly int[] NGrid = [1, 2, 3, 4, 5];

    /// <summary>
    /// Chooses over the paper's grid, k in {0, 1, 2, 5, 10, …, 1000}, m in {0, 1, 2, 4, …, 256}, n in 1 to 5, and over everything the model has measured.
    /// </summary>
    /// <param name="request">Budget, sizes and model.</param>
    /// <returns>The best parameters of each strategy, and which of them to use.</returns>
    /// <exception cref="AgentRagException">Not even the cheapest parameters fit into the budget, or the model knows nothing of the data set or metric.</exception>
    public static BudgetAllocation Allocate(AllocationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Budget.Validated();
        return request.Model.IsFitted ? FromMeasurements(request) : FromPublished(request);
    }

    /// <summary>Finds the cheapest configuration that reaches a value of the metric.</summary>
    /// <param name="request">Budget, sizes and model; the model must be fitted.</param>
    /// <param name="target">The value, in (0, 1].</param>
    /// <exception cref="AgentRagException">The model is not fitted, or nothing within the budget reaches the value.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in (0, 1].</exception>
    public static TargetAllocation CheapestFor(AllocationRequest request, double target)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target, 1);
        request.Budget.Validated();
        if (!request.Model.IsFitted)
        {
            throw new AgentRagException(
                "Published coefficients rank parameters and predict no accuracy: fit your own with 'agentrag fit RUNS --output model.json', and name it with --allocation-model.");
        }

        var (scope, candidates) = Candidates(request);
        List<Candidate> usable = [.. candidates.All.Where(candidate => candidate.CappedBy is null).OrderBy(candidate => candidate.Chosen.PlannedTokens).ThenByDescending(candidate => candidate.Score)];
        var cheapest = usable.Find(candidate => candidate.Score >= target);
        if (cheapest is null)
        {
            var best = usable.MaxBy(candidate => candidate.Score) ?? throw NothingFits(request);
            throw new AgentRagException(
                $"Nothing that was measured or can be predicted{(request.Budget.MaxEffectiveContextTokens == long.MaxValue ? "" : $" within {request.Budget.MaxEffectiveContextTokens:N0} tokens")} reaches " +
                $"{scope.Metric} {target:0.###}: the best is {best.Chosen.Strategy} with " +
                $"{best.Chosen.Parameters}, {best.Score:0.000} ({(best.Chosen.Basis == AllocationBasis.Measured ? "measured" : "predicted")}). Raise the budget, lower the target, " +
                "or measure larger configurations.");
        }

        return new TargetAllocation(target, scope.Metric, cheapest.Chosen, usable.Find(candidate => candidate.AtLeast >= target)?.Chosen);
    }

    private static BudgetAllocation FromPublished(AllocationRequest request)
    {
        var informativeness = request.Informativeness ?? Informativeness.Unknown;
        var found = Feasible(request, request.Model.Strategies.SelectMany(strategy => Grid(strategy.Strategy).Select(parameters => (strategy.Strategy, parameters))));
        List<AllocationCandidate> ranked =
        [
            .. found.Fitting
                .Select(one => new AllocatedStrategy(
                    one.Strategy, one.Parameters, one.Tokens, request.Model.Predict(one.Strategy, one.Parameters, informativeness).Z))
                .OrderByDescending(one => one.PredictedZ).ThenBy(one => one.PlannedTokens)
                .Select(one => new AllocationCandidate(one, one.PredictedZ, CappedBy: null)),
        ];
        List<AllocatedStrategy> best = [.. BestOfEach(request.Model, ranked)];
        var preferred = request.Budget.MaxEffectiveContextTokens >= IterDragFromTokens ? IterDragAnswerer.Name : DragAnswerer.Name;
        var recommended = best.Find(one => one.Strategy == preferred) ?? best.FirstOrDefault() ?? throw NothingFits(request);
        return new BudgetAllocation(recommended, best, request.Model.Source)
        {
            Explanation = new(ranked, found.OverBudget, found.OverWindow, found.OverSupply),
        };
    }

    private static BudgetAllocation FromMeasurements(AllocationRequest request)
    {
        var (_, candidates) = Candidates(request);
        var ranked = candidates.All;
        var recommended = Best(ranked) ?? throw NothingFits(request);
        return new BudgetAllocation(
            recommended.Chosen,
            [.. ranked.GroupBy(candidate => candidate.Chosen.Strategy).Select(group => Best([.. group])?.Chosen).OfType<AllocatedStrategy>()
                .OrderBy(one => one == recommended.Chosen ? 0 : 1).ThenBy(one => one.Strategy, StringComparer.Ordinal)],
            request.Model.Source)
        {
            CheaperWithinNoise = CheaperWithinNoise(recommended, ranked),
            WorthMeasuring = ranked
                .Where(candidate => candidate is { CappedBy: null, Chosen.Basis: AllocationBasis.Extrapolated } && candidate.Chosen.Predicted!.Value > recommended.Score)
                .MaxBy(candidate => candidate.Chosen.Predicted!.Value) is { } hope && hope != recommended ? hope.Chosen : null,
            Caps = [.. candidates.Caps.Where(caps => caps.IsAny)],
            Explanation = new(
                [.. ranked.Select(candidate => new AllocationCandidate(candidate.Chosen, candidate.Score, candidate.CappedBy))],
                candidates.OverBudget,
                candidates.OverWindow,
                candidates.OverSupply),
        };
    }

    // The order is that of the scores, and a score is what the basis is good for; so the first is what nothing better founded speaks against.
    private static Candidate? Best(IReadOnlyList<Candidate> ranked) => ranked.FirstOrDefault(candidate => candidate.CappedBy is null);

    private static AllocatedStrategy? CheaperWithinNoise(Candidate recommended, IReadOnlyList<Candidate> ranked)
    {
        if (recommended.Chosen.Measured is not { } best)
        {
            return null;
        }

        var cheapest = ranked
            .Where(candidate => candidate.Chosen.Measured is { } measured
                && best.Value - measured.Value <= WithinNoise * Math.Sqrt((best.StandardError * best.StandardError) + (measured.StandardError * measured.StandardError)))
            .MinBy(candidate => candidate.Chosen.PlannedTokens)?.Chosen;
        return cheapest is not null && cheapest.PlannedTokens < recommended.Chosen.PlannedTokens ? cheapest : null;
    }

    private static (ModelScope Scope, FoundCandidates Found) Candidates(AllocationRequest request)
    {
        var model = request.Model;
        var scope = new ModelScope(model, request.DataSet, request.Metric);
        var measured = scope.Everywhere.ToDictionary(one => (one.Strategy, one.Parameters));
        var caps = model.Strategies.ToDictionary(strategy => strategy.Strategy, strategy => MeasuredCaps.Of(strategy.Strategy, scope.All));
        var equations = model.Strategies.ToDictionary(strategy => strategy.Strategy, strategy => (Model: strategy, I: request.Informativeness is { } given
            ? [.. scope.DataSets.Select(_ => given)]
            : scope.InformativenessOf(strategy.Strategy)));
        var seen = model.Strategies.ToDictionary(
            strategy => strategy.Strategy, strategy => scope.All.Where(one => one.Strategy == strategy.Strategy).Select(one => one.Parameters).Distinct().ToList());
        var found = Feasible(
            request,
            model.Strategies.SelectMany(strategy => Grid(strategy.Strategy).Select(parameters => (strategy.Strategy, parameters)))
                // A baseline such as the gold passages shows what could be reached; nobody can ask with it.
                .Concat(measured.Keys.Where(one => equations.ContainsKey(one.Strategy) || Strategies.Names.Contains(one.Strategy))).Distinct(),
            measured);
        List<Candidate> all = [];
        foreach (var (strategy, parameters, tokens) in found.Fitting)
        {
            var here = measured.GetValueOrDefault((strategy, parameters));
            // A strategy may have been measured without being fitted; then its measurements speak alone.
            var predicted = equations.TryGetValue(strategy, out var equation) ? scope.Predict(equation.Model, parameters, equation.I) : null;
            var basis = here is not null ? AllocationBasis.Measured
                : seen[strategy].Exists(larger => IsWithin(parameters, larger)) && seen[strategy].Exists(smaller => IsWithin(smaller, parameters)) ? AllocationBasis.Interpolated
                : AllocationBasis.Extrapolated;
            all.Add(new Candidate(
                new AllocatedStrategy(strategy, parameters, tokens, predicted?.Z ?? here!.Z)
                {
                    Basis = basis,
                    Predicted = predicted is null ? null : new ExpectedValue(predicted.Value, predicted.Mean, predicted.Prediction),
                    Measured = here is null ? null : new MeasuredValue(here.Value, here.StandardError, here.Questions),
                },
                Score: here?.Value ?? (basis == AllocationBasis.Interpolated ? predicted!.Value : predicted!.Prediction.Low),
                AtLeast: here is not null ? here.Value - (1.96 * here.StandardError) : predicted!.Prediction.Low,
                here is null ? caps[strategy].Exceeded(parameters) : null));
        }

        return (scope, new FoundCandidates(
            [.. all.OrderByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Chosen.PlannedTokens)],
            [.. caps.Values],
            found.OverBudget,
            found.OverWindow,
            found.OverSupply));
    }

    private static bool IsWithin(InferenceParameters inner, InferenceParameters outer) => inner.K <= outer.K && inner.M <= outer.M && inner.N <= outer.N;

    private static FeasibleParameters Feasible(
        AllocationRequest request,
        IEnumerable<(string Strategy, InferenceParameters Parameters)> wanted,
        Dictionary<(string Strategy, InferenceParameters Parameters), ScopedMeasurement>? measured = null)
    {
        var window = request.Budget.ContextWindowTokens - request.Budget.ReservedAnswerTokens;
        List<(string Strategy, InferenceParameters Parameters)> asked = [.. wanted.Where(one => request.Strategy is null || one.Strategy == request.Strategy)];
        if (asked.Count == 0)
        {
            throw new AgentRagException(
                $"The allocation model knows nothing of strategy '{request.Strategy}': it has {string.Join(", ", request.Model.Strategies.Select(model => model.Strategy))}.");
        }

        List<(string, InferenceParameters, long)> fitting = [];
        var (overBudget, overWindow, overSupply) = (0, 0, 0);
        foreach (var (strategy, parameters) in asked)
        {
            // A run that was measured to cost less than all of it costs that: most questions end before their last iteration.
            var planned = (long)Math.Ceiling(request.Sizes.Of(strategy, parameters));
            var tokens = request.MeasuredTokensHold && measured?.GetValueOrDefault((strategy, parameters)) is { MaxTokens: > 0 } run ? Math.Min(planned, run.MaxTokens) : planned;
            if (tokens > request.Budget.MaxEffectiveContextTokens)
            {
                overBudget++;
            }
            else if (request.Sizes.LargestRequest(strategy, parameters) > window)
            {
                overWindow++;
            }
            else if (parameters.K > request.MaxK || parameters.M > request.MaxM)
            {
                overSupply++;
            }
            else
            {
                fitting.Add((strategy, parameters, tokens));
            }
        }

        return new FeasibleParameters(fitting, overBudget, overWindow, overSupply);
    }

    private static IEnumerable<InferenceParameters> Grid(string strategy) =>
        from k in strategy is ZeroShotAnswerer.Name or ManyShotAnswerer.Name ? [0] : KGrid
        from m in strategy is ZeroShotAnswerer.Name or RagAnswerer.Name ? [0] : MGrid
        from n in Answerers.UsesIterations(strategy) ? NGrid : [1]
        select new InferenceParameters(k, m, n);

    private static IEnumerable<AllocatedStrategy> BestOfEach(AllocationModel model, List<AllocationCandidate> ranked) =>
        model.Strategies.Select(strategy => ranked.Find(one => one.Configuration.Strategy == strategy.Strategy)?.Configuration).OfType<AllocatedStrategy>();

    private static AgentRagException NothingFits(AllocationRequest request)
    {
        var (needed, budget) = (Math.Ceiling(request.Sizes.InstructionTokens), request.Budget);
        var window = budget.ContextWindowTokens - budget.ReservedAnswerTokens;
        var limit = needed > window && needed <= budget.MaxEffectiveContextTokens
            ? string.Create(CultureInfo.InvariantCulture, $"the context window has {window:N0} beside the {budget.ReservedAnswerTokens:N0} reserved for the answer: a model with a larger one is needed.")
            : string.Create(CultureInfo.InvariantCulture, $"the budget is {budget.MaxEffectiveContextTokens:N0}: raise the budget.");
        return new(string.Create(CultureInfo.InvariantCulture, $"Instructions and question take about {needed:N0} tokens and {limit}"));
    }

    /// <summary>A configuration with what it is worth, as a value of the metric: for ranking, and at the lower end of its 95 % interval.</summary>
    private sealed record Candidate(AllocatedStrategy Chosen, double Score, double AtLeast, string? CappedBy);

    private sealed record FoundCandidates(IReadOnlyList<Candidate> All, IReadOnlyList<MeasuredCaps> Caps, int OverBudget, int OverWindow, int OverSupply);

    private sealed record FeasibleParameters(
        IReadOnlyList<(string Strategy, InferenceParameters Parameters, long Tokens)> Fitting, int OverBudget, int OverWindow, int OverSupply);
}

/// <summary>The cheapest way to a value of a metric.</summary>
/// <param name="Target">The value, in (0, 1].</param>
/// <param name="Metric">The metric.</param>
/// <param name="Cheapest">The cheapest configuration that is measured or predicted to reach it; beyond what was measured, by the lower end of its interval.</param>
/// <param name="Surest">The cheapest one that reaches it with the lower end of its 95 % interval; null when none does.</param>
public sealed record TargetAllocation(double Target, string Metric, AllocatedStrategy Cheapest, AllocatedStrategy? Surest);
