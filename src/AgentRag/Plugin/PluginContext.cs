using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Fitting;
using AgentRag.Indexing;

namespace AgentRag.Plugin;

/// <summary>What the tools work on: opened when the first tool is called, not when the plugin is made.</summary>
public sealed record PluginContext
{
    /// <summary>Retriever, model, prompts, demonstrations.</summary>
    public required AnsweringContext Answering { get; init; }

    /// <summary>Passages in the index, ≥ 0: the largest k that makes sense.</summary>
    public required int PassageCount { get; init; }

    /// <summary>What a passage of the index, a demonstration and the instructions cost.</summary>
    public required TokenSizes Sizes { get; init; }

    /// <summary>Makes the answerer of a strategy that answers in one call. Default: the strategy itself. IterDRAG goes in steps and is never made by it.</summary>
    public Func<string, AnsweringContext, IAnswerer> Answerer { get; init; } = Answerers.Create;

    /// <summary>The index whose documents are listed and read; null when there is none on this machine, as behind a remote retriever. Default null.</summary>
    public Bm25Index? Index { get; init; }

    /// <summary>Whose model answers. Default: that of <see cref="Answering"/>.</summary>
    public AnsweringMode Mode { get; init; }

    /// <summary>When IterDRAG ends before its last iteration. Default: as in <see cref="Answering.StopRules"/>.</summary>
    public StopRules StopRules { get; init; } = new();

    /// <summary>Bounds that a tool call does not set. Default: those of <see cref="TokenBudgetOptions"/>.</summary>
    public TokenBudgetOptions Budget { get; init; } = new();

    /// <summary>What ranks parameters for <c>allocate_budget</c>. Default: the published coefficients.</summary>
    public AllocationModel AllocationModel { get; init; } = AllocationModel.Published;

    /// <summary>What is different here from where <see cref="AllocationModel"/> was fitted, in words that <c>allocate_budget</c> passes on. Default: nothing.</summary>
    public IReadOnlyList<string> AllocationWarnings { get; init; } = [];
}
