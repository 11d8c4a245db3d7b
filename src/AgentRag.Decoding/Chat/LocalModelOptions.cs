using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Transformers;
using AgentRag.Documents;
using AgentRag.Retrieval;

namespace AgentRag.Decoding.Chat;

/// <summary>How a model file is opened and run.</summary>
public sealed record LocalModelOptions
{
    /// <summary>Most tokens of a prompt with its answer, ≥ 1; null (default) for what the model was trained for, at most 32,768. Memory is taken as it is needed.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>Threads, ≥ 1. Default: one per processor.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>How keys and values are stored. Default single precision.</summary>
    public CachePrecision CachePrecision { get; init; } = CachePrecision.F32;

    /// <summary>A second model of the same vocabulary that drafts; null (default) for none.</summary>
    public string? DraftModelPath { get; init; }

    /// <summary>Makes the retriever that chooses what RAPID's drafter reads; null (default) for <see cref="Speculation.DraftRetrievers.Bm25"/>, which also takes its place when it fails.</summary>
    public Func<IReadOnlyList<Passage>, IRetriever>? DraftRetriever { get; init; }

    /// <summary>A REFRAG adapter trained for the model; null (default) for none, and then no <see cref="DecodingMode.Refrag"/>.</summary>
    public string? RefragAdapterPath { get; init; }

    /// <summary>Where embeddings of chunks are kept from run to run; null (default) for memory alone.</summary>
    public string? RefragCachePath { get; init; }

    /// <summary>How tokens are chosen where a request does not say. Default greedy.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>How requests are decoded that do not say. Default: whatever is fastest among what changes nothing.</summary>
    public DecodingOptions Decoding { get; init; } = new();

    /// <summary>What times are measured by. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The <see cref="ContextTokens"/> of a chat model where none are named.</summary>
    /// <param name="trained">What it was trained for.</param>
    internal static int DefaultContextTokens(int trained) => Math.Min(32_768, trained);

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public LocalModelOptions Validated()
    {
        List<string> problems = [];
        problems.AddRange(ContextTokens is null or >= 1 ? [] : [$"ContextTokens is {ContextTokens}, must be at least 1"]);
        problems.AddRange(Threads is >= 1 and <= 1_024 ? [] : [$"Threads is {Threads}, must be in [1, 1024]"]);
        if (problems.Count > 0)
        {
            throw new AgentRagException($"Local model: {string.Join("; ", problems)}.");
        }

        _ = Sampling.Validated();
        _ = Decoding.Validated();
        return this;
    }
}
