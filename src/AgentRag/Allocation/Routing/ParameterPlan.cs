using System.Globalization;
using AgentRag.Answering;

namespace AgentRag.Allocation.Routing;

/// <summary>Upper bounds of parameters, shrunk to what a budget pays for.</summary>
/// <param name="Asked">The upper bounds.</param>
/// <param name="Planned">What fits, by mean sizes; the answering itself keeps the budget to the token.</param>
/// <param name="PlannedTokens">Effective context tokens if all of it is used.</param>
public sealed record ParameterPlan(InferenceParameters Asked, InferenceParameters Planned, long PlannedTokens)
{
    /// <summary>The strategy for the planned parameters: DRAG for one iteration, else IterDRAG.</summary>
    public string Strategy => StrategyOf(Planned);

    /// <summary>What was shrunk, such as <c>m 16 -> 4</c>; empty when all of it fits.</summary>
    public IReadOnlyList<string> Shrunk =>
    [
        .. Difference("k", Asked.K, Planned.K), .. Difference("m", Asked.M, Planned.M), .. Difference("n", Asked.N, Planned.N),
    ];

    /// <summary>Shrinks parameters until they fit.</summary>
    /// <param name="bounds">k, m and n at most.</param>
    /// <param name="budget">The budget of the question.</param>
    /// <param name="sizes">What the parts of a prompt cost.</param>
    /// <param name="maxK">Passages in the index, ≥ 0.</param>
    /// <param name="maxM">Demonstrations in the pool, ≥ 0.</param>
    /// <returns>
    /// Parameters that fit. What is given up, in this order: demonstrations down to 4, passages down to 5 (with m = 4 the cheapest strong configuration of
    /// the paper's table 6), iterations down to 2, then all demonstrations, passages down to 1, the last iteration, and the last passage.
    /// </returns>
    public static ParameterPlan Shrink(InferenceParameters bounds, TokenBudgetOptions budget, TokenSizes sizes, int maxK, int maxM)
    {
        ArgumentNullException.ThrowIfNull(bounds);
        ArgumentNullException.ThrowIfNull(budget);
        ArgumentNullException.ThrowIfNull(sizes);
        bounds.Validated();
        var planned = bounds with { K = Math.Min(bounds.K, maxK), M = Math.Min(bounds.M, maxM) };
        foreach (var (least, with) in Steps)
        {
            var high = with.Of(planned);
            if (Fits(planned))
            {
                break;
            }

            // The cost rises with each parameter, so the largest value that fits is found by halving.
            var low = Math.Min(least, high);
            while (low < high)
            {
                var middle = low + ((high - low + 1) / 2);
                (low, high) = Fits(with.Set(planned, middle)) ? (middle, high) : (low, middle - 1);
            }

            planned = with.Set(planned, low);
        }

        return new ParameterPlan(bounds, planned, (long)Math.Ceiling(Tokens(planned)));

        double Tokens(InferenceParameters parameters) => StrategyOf(parameters) == DragAnswerer.Name ? sizes.Drag(parameters) : sizes.IterDrag(parameters);

        bool Fits(InferenceParameters parameters) =>
            Tokens(parameters) <= budget.MaxEffectiveContextTokens
            && (StrategyOf(parameters) == DragAnswerer.Name ? sizes.Drag(parameters) : sizes.LargestIterDragRequest(parameters))
                <= budget.ContextWindowTokens - budget.ReservedAnswerTokens;
    }

    private static readonly Parameter K = new(parameters => parameters.K, (parameters, value) => parameters with { K = value });

    private static readonly Parameter M = new(parameters => parameters.M, (parameters, value) => parameters with { M = value });

    private static readonly Parameter N = new(parameters => parameters.N, (parameters, value) => parameters with { N = value });

    private static readonly (int Least, Parameter Parameter)[] Steps = [(4, M), (5, K), (2, N), (0, M), (1, K), (1, N), (0, K)];

    private static string StrategyOf(InferenceParameters parameters) => parameters.N == 1 ? DragAnswerer.Name : IterDragAnswerer.Name;

    private static IEnumerable<string> Difference(string name, int asked, int planned) =>
        asked == planned ? [] : [string.Create(CultureInfo.InvariantCulture, $"{name} {asked} -> {planned}")];

    private sealed record Parameter(Func<InferenceParameters, int> Of, Func<InferenceParameters, int, InferenceParameters> Set);
}
