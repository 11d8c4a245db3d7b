using AgentRag.Decoding.Transformers;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>The measures of published models, for random weights.</summary>
internal static class ModelShapes
{
    /// <summary>Qwen2.5-0.5B.</summary>
    public static readonly TransformerShape Half = new()
    {
        Architecture = "qwen2",
        Layers = 24,
        Width = 896,
        Heads = 14,
        KeyValueHeads = 2,
        HeadWidth = 64,
        FeedForwardWidth = 4_864,
        VocabularySize = 151_936,
        ContextTokens = 32_768,
        NormEpsilon = 1e-6f,
        RotaryBase = 1_000_000,
        RotaryWidth = 64,
        RotaryPairs = RotaryPairs.HalfSplit,
    };

    /// <summary>Llama-3.2-1B.</summary>
    public static readonly TransformerShape One = new()
    {
        Architecture = "llama",
        Layers = 16,
        Width = 2_048,
        Heads = 32,
        KeyValueHeads = 8,
        HeadWidth = 64,
        FeedForwardWidth = 8_192,
        VocabularySize = 128_256,
        ContextTokens = 131_072,
        RotaryBase = 500_000,
        RotaryWidth = 64,
        RotaryPairs = RotaryPairs.Interleaved,
    };

    /// <summary>A small model without shared heads: there, a context's keys and values weigh most.</summary>
    public static readonly TransformerShape Tenth = new()
    {
        Architecture = "llama",
        Layers = 12,
        Width = 768,
        Heads = 12,
        KeyValueHeads = 12,
        HeadWidth = 64,
        FeedForwardWidth = 2_048,
        VocabularySize = 32_000,
        ContextTokens = 32_768,
        RotaryWidth = 64,
        RotaryPairs = RotaryPairs.Interleaved,
    };

    public static TransformerShape Named(string name) => name switch
    {
        "0.1b" => Tenth,
        "0.5b" => Half,
        "1b" => One,
        _ => throw new ArgumentException($"Shape '{name}' is not known: 0.1b, 0.5b and 1b are.", nameof(name)),
    };
}
