using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Tests.Transformers;

/// <summary>Small models with random weights.</summary>
internal static class Shapes
{
    public static readonly TransformerShape Llama = new()
    {
        Architecture = "llama",
        Layers = 2,
        Width = 64,
        Heads = 4,
        KeyValueHeads = 2,
        HeadWidth = 16,
        FeedForwardWidth = 96,
        VocabularySize = 300,
        ContextTokens = 512,
        RotaryWidth = 16,
        RotaryPairs = RotaryPairs.Interleaved,
    };

    /// <summary>Wide enough for blocks of 256.</summary>
    public static readonly TransformerShape WideLlama = Llama with { Width = 256, HeadWidth = 64, RotaryWidth = 64, FeedForwardWidth = 512 };

    public static readonly TransformerShape Qwen = Llama with
    {
        Architecture = "qwen2",
        Heads = 6,
        KeyValueHeads = 2,
        HeadWidth = 32,
        RotaryWidth = 32,
        RotaryPairs = RotaryPairs.HalfSplit,
        RotaryBase = 1_000_000,
        NormEpsilon = 1e-6f,
    };

    public static TransformerShape For(string architecture, TensorType type) =>
        architecture == "qwen2" ? (type.BlockValues() == 256 ? Qwen with { Width = 256, HeadWidth = 128, RotaryWidth = 128, FeedForwardWidth = 256 } : Qwen)
        : type.BlockValues() == 256 ? WideLlama : Llama;
}

/// <summary>A random model on disk and loaded.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public LoadedModel(TransformerShape shape, TensorType type, int seed, bool tiesEmbedding = true, float[]? rotaryFactors = null, TensorType? embeddingType = null)
    {
        RandomModel.Write(_folder["model.gguf"], shape, type, seed, tiesEmbedding, embeddingType, rotaryFactors);
        File = GgufFile.Open(_folder["model.gguf"]);
        Weights = new TransformerWeights(File.Path, TransformerShape.From(File), File.Tensors, threads: 2);
    }

    public GgufFile File { get; }

    public TransformerWeights Weights { get; }

    public TransformerShape Shape => Weights.Shape;

    public KeyValueCache Cache(int capacity = 512, CachePrecision precision = CachePrecision.F32) => new(Shape, capacity, precision);

    public void Dispose()
    {
        Weights.Dispose();
        File.Dispose();
        _folder.Dispose();
    }
}
