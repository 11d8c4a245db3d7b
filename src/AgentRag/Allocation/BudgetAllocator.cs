using System.Globalization;
using AgentRag.Answering;
using AgentRag.Fitting;

namespace AgentRag.Allocation;

/// <summary>Chooses the inference parameters that an allocation model ranks best within a token budget (paper section 5, appendix H).</summary>
public static class BudgetAllocator
{
    /// <summary>From this budget on the paper's IterDRAG beats its DRAG on multi-hop questions (table 1); below, DRAG does.</summary>
    public const long IterDragFromTokens = 128_000;

    private static readonly int[] KGrid = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    private static readonly int[] MGrid = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256];
    private static readonly int[] NGrid = [1, 2, 3, 4, 5];

    /// <summary>Chooses over the paper's grid: k in {0, 1, 2, 5, 10, …, 1000}, m in {0, 1, 2, 4, …, 256}, n in 1 to 5.</summary>
    /// <param name="request">Budget, sizes and model.</param>
    /// <returns>The best parameters for DRAG and for IterDRAG, and which of the two to use.</returns>
    /// <exception cref="AgentRagException">Not even the cheapest parameters fit into the budget.</exception>
    public static BudgetAllocation Allocate(AllocationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Budget.Validated();
        var drag = Best(request, DragAnswerer.Name, [1], request.Sizes.Drag, request.Sizes.Drag);
        var iterDrag = Best(request, IterDragAnswerer.Name, NGrid, request.Sizes.IterDrag, request.Sizes.LargestIterDragRequest);
        var recommended = request.Budget.MaxEffectiveContextTokens >= IterDragFromTokens ? iterDrag ?? drag : drag ?? iterDrag;
        return recommended is null
            ? throw new AgentRagException(string.Create(
                CultureInfo.InvariantCulture,
                $"Instructions and question take about {Math.Ceiling(request.Sizes.InstructionTokens):N0} tokens and the budget is {request.Budget.MaxEffectiveContextTokens:N0}: raise the budget."))
            : new BudgetAllocation(recommended, drag, iterDrag, request.Model.Source);
    }

    private static AllocatedStrategy? Best(
        AllocationRequest request,
        string strategy,
        int[] nGrid,
        Func<InferenceParameters, double> effectiveTokens,
        Func<InferenceParameters, double> largestRequest)
    {
        var window = request.Budget.ContextWindowTokens - request.Budget.ReservedAnswerTokens;
        return (
            from k in KGrid
            from m in MGrid
            from n in nGrid
            where k <= request.MaxK && m <= request.MaxM
            let parameters = new InferenceParameters(k, m, n)
            let tokens = effectiveTokens(parameters)
            where tokens <= request.Budget.MaxEffectiveContextTokens && largestRequest(parameters) <= window
            let predicted = request.Model.Predict(parameters, request.Informativeness)
            orderby predicted descending, tokens
            select new AllocatedStrategy(strategy, parameters, (long)Math.Ceiling(tokens), predicted)).FirstOrDefault();
    }
}

/// <summary>What to allocate for.</summary>
/// <param name="Budget">The bounds.</param>
/// <param name="Sizes">What the parts of a prompt cost.</param>
public sealed record AllocationRequest(TokenBudgetOptions Budget, TokenSizes Sizes)
{
    /// <summary>Ranks the parameters. Default: the published coefficients.</summary>
    public AllocationModel Model { get; init; } = AllocationModel.Published;

    /// <summary>How much the first passage and the first demonstration help. Default: not known.</summary>
    public Informativeness Informativeness { get; init; } = Informativeness.Unknown;

    /// <summary>The largest k that makes sense: passages in the index. Default 1000.</summary>
    public int MaxK { get; init; } = 1000;

    /// <summary>The largest m that can be had: demonstrations in the pool. Default 256.</summary>
    public int MaxM { get; init; } = InferenceParameters.MaxM;
}

/// <summary>Parameters for one strategy.</summary>
/// <param name="Strategy">The strategy's name.</param>
/// <param name="Parameters">The parameters ranked best among those that fit.</param>
/// <param name="PlannedTokens">Effective context tokens if all of it is used.</param>
/// <param name="PredictedZ">Predicted performance, z-scored: good for ranking parameters of one strategy, no accuracy.</param>
public sealed record AllocatedStrategy(string Strategy, InferenceParameters Parameters, long PlannedTokens, double PredictedZ);

/// <summary>What to buy with a budget.</summary>
/// <param name="Recommended">The strategy to use at this budget, by the paper's table 1: the published coefficients cannot tell strategies apart.</param>
/// <param name="Drag">The best for DRAG; null when nothing fits.</param>
/// <param name="IterDrag">The best for IterDRAG; null when nothing fits.</param>
/// <param name="CoefficientsSource">Whose coefficients ranked the parameters.</param>
public sealed record BudgetAllocation(AllocatedStrategy Recommended, AllocatedStrategy? Drag, AllocatedStrategy? IterDrag, string CoefficientsSource);
