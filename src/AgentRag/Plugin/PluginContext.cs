using AgentRag.Allocation;
using AgentRag.Answering;
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

    /// <summary>The index whose documents are listed and read; null when there is none on this machine, as behind a remote retriever. Default null.</summary>
    public Bm25Index? Index { get; init; }

    /// <summary>Whose model answers. Default: that of <see cref="Answering"/>.</summary>
    public AnsweringMode Mode { get; init; }

    /// <summary>Bounds that a tool call does not set. Default: those of <see cref="TokenBudgetOptions"/>.</summary>
    public TokenBudgetOptions Budget { get; init; } = new();
}
