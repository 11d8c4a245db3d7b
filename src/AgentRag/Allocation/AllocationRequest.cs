using AgentRag.Answering;
using AgentRag.Fitting;

namespace AgentRag.Allocation;

/// <summary>What to allocate for.</summary>
/// <param name="Budget">The bounds.</param>
/// <param name="Sizes">What the parts of a prompt cost.</param>
public sealed record AllocationRequest(TokenBudgetOptions Budget, TokenSizes Sizes)
{
    /// <summary>Ranks the parameters. Default: the published coefficients.</summary>
    public AllocationModel Model { get; init; } = AllocationModel.Published;

    /// <summary>
    /// How much the first passage and the first demonstration help. Default null: what the model measured; with published coefficients, not known.
    /// </summary>
    public Informativeness? Informativeness { get; init; }

    /// <summary>The data set of a fitted model whose measurements count. Default null: all of them, in the mean.</summary>
    public string? DataSet { get; init; }

    /// <summary>The metric of a fitted model that is to be good. Default null: Accuracy, or the first when that was not measured.</summary>
    public string? Metric { get; init; }

    /// <summary>The only strategy to consider. Default null: all that the model knows.</summary>
    public string? Strategy { get; init; }

    /// <summary>
    /// Whether what a configuration was measured to cost holds here. Default true. Set to false when index, prompts or chat model are others than those
    /// measured: then all that θ allows is planned for.
    /// </summary>
    public bool MeasuredTokensHold { get; init; } = true;

    /// <summary>The largest k that makes sense: passages in the index. Default 1000.</summary>
    public int MaxK { get; init; } = 1000;

    /// <summary>The largest m that can be had: demonstrations in the pool. Default 256.</summary>
    public int MaxM { get; init; } = InferenceParameters.MaxM;
}
