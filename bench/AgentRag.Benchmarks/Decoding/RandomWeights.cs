using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>A published model's shape with random weights, Q8_0, ready to run: what decoding is timed on.</summary>
internal sealed class RandomWeights : IDisposable
{
    private readonly GgufFile _file;

    private RandomWeights(string path, int threads)
    {
        _file = GgufFile.Open(path);
        Weights = new TransformerWeights(path, TransformerShape.From(_file), _file.Tensors, threads);
        Transformer = new Transformer(Weights, new TransformerOptions { Threads = threads });
    }

    /// <summary>The arguments that choose it.</summary>
    public static IReadOnlyList<string> Names { get; } = ["--data", "--shape", "--threads"];

    public TransformerWeights Weights { get; }

    public TransformerShape Shape => Weights.Shape;

    public Transformer Transformer { get; }

    /// <summary>Opens the file of a shape, which is written if it is not there.</summary>
    public static RandomWeights Open(NamedArguments arguments)
    {
        var name = arguments.Text("--shape", "0.1b");
        return new RandomWeights(
            ModelFiles.Of(arguments.Text("--data", ModelFiles.DefaultFolder), name, ModelShapes.Named(name), TensorType.Q8_0), arguments.Number("--threads", 1));
    }

    /// <summary>Random tokens, the same for the same seed.</summary>
    public int[] Tokens(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(Shape.VocabularySize))];
    }

    public void Dispose()
    {
        Transformer.Dispose();
        Weights.Dispose();
        _file.Dispose();
    }
}
