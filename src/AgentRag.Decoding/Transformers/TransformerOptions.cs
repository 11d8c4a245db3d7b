using AgentRag.Decoding.Kernels;

namespace AgentRag.Decoding.Transformers;

/// <summary>How a transformer is run. None of these changes a result.</summary>
internal sealed record TransformerOptions
{
    /// <summary>Threads. Default: one per processor of the machine.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Tokens that go through a layer together, ≥ 1. Default 128: more bring nothing, and their activations leave the cache.</summary>
    public int ChunkTokens { get; init; } = 128;

    /// <summary>Instructions to use. Default: the fastest there are.</summary>
    public InstructionSet InstructionSet { get; init; } = InstructionSets.Best;
}
