using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Encoders;

/// <summary>A matrix with its bias.</summary>
internal sealed record EncoderMatrix(PackedMatrix Weights, NativeBuffer<float> Bias);

/// <summary>A norm's weights and bias.</summary>
internal sealed record EncoderNorm(NativeBuffer<float> Weights, NativeBuffer<float> Bias);

/// <summary>The weights of one layer.</summary>
internal sealed record EncoderLayer
{
    public required EncoderMatrix Query { get; init; }

    public required EncoderMatrix Key { get; init; }

    public required EncoderMatrix Value { get; init; }

    public required EncoderMatrix AttentionOutput { get; init; }

    public required EncoderNorm AttentionNorm { get; init; }

    public required EncoderMatrix Inner { get; init; }

    public required EncoderMatrix Output { get; init; }

    public required EncoderNorm OutputNorm { get; init; }
}

/// <summary>The weights of an encoder, packed for the kernels.</summary>
/// <remarks>
/// Tensors have Hugging Face's names, with or without the model's name in front. Heads for other purposes (a pooler, a masked language model) may stand in the file
/// and are not read. The table of tokens is read from the file row by row. Immutable; safe for concurrent use.
/// </remarks>
internal sealed class EncoderWeights : IDisposable
{
    private const string Tokens = "embeddings.word_embeddings.weight";

    private readonly List<IDisposable> _owned = [];
    private readonly SafetensorsFile _file;
    private readonly string _prefix;

    /// <summary>Packs the weights.</summary>
    /// <param name="file">The file, which is held open as long as this object lives, and closed with it.</param>
    /// <param name="shape">The measures, validated.</param>
    /// <exception cref="AgentRagException">A tensor is missing or has another shape.</exception>
    public EncoderWeights(SafetensorsFile file, EncoderShape shape)
    {
        (_file, Shape) = (file, shape);
        try
        {
            _prefix = ((string[])["", $"{shape.Architecture}.", "model.", "encoder."]).FirstOrDefault(prefix => file.Tensors.ContainsKey(prefix + Tokens))
                ?? throw new AgentRagException($"{file.Path} has no tensor '{Tokens}': it is no {shape.Architecture} encoder as Hugging Face has it, or one part of several.");
            Embedding = Find(Tokens, shape.Width, shape.VocabularySize);
            Positions = Find("embeddings.position_embeddings.weight", shape.Width, shape.Positions);
            Type = Find("embeddings.token_type_embeddings.weight", shape.Width, shape.Types);
            EmbeddingNorm = Norm("embeddings.LayerNorm");
            Layers = [.. Enumerable.Range(0, shape.Layers).Select(Layer)];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public EncoderShape Shape { get; }

    /// <summary>One row per token.</summary>
    public Tensor Embedding { get; }

    /// <summary>One row per position.</summary>
    public Tensor Positions { get; }

    /// <summary>The first row is added to every token.</summary>
    public Tensor Type { get; }

    public EncoderNorm EmbeddingNorm { get; }

    public IReadOnlyList<EncoderLayer> Layers { get; }

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _file.Dispose();
    }

    private EncoderLayer Layer(int layer)
    {
        var (width, inner) = (Shape.Width, Shape.FeedForwardWidth);
        return new EncoderLayer
        {
            Query = Matrix(Name("attention.self.query"), width, width),
            Key = Matrix(Name("attention.self.key"), width, width),
            Value = Matrix(Name("attention.self.value"), width, width),
            AttentionOutput = Matrix(Name("attention.output.dense"), width, width),
            AttentionNorm = Norm(Name("attention.output.LayerNorm")),
            Inner = Matrix(Name("intermediate.dense"), width, inner),
            Output = Matrix(Name("output.dense"), inner, width),
            OutputNorm = Norm(Name("output.LayerNorm")),
        };

        string Name(string part) => $"encoder.layer.{layer}.{part}";
    }

    private EncoderMatrix Matrix(string name, int columns, int rows) => new(Owned(PackedMatrix.Pack(Find($"{name}.weight", columns, rows))), Vector(Find($"{name}.bias", rows, 1)));

    // Files that were converted from TensorFlow call them gamma and beta.
    private EncoderNorm Norm(string name) => _file.Tensors.ContainsKey($"{_prefix}{name}.gamma")
        ? new(Vector(Find($"{name}.gamma", Shape.Width, 1)), Vector(Find($"{name}.beta", Shape.Width, 1)))
        : new(Vector(Find($"{name}.weight", Shape.Width, 1)), Vector(Find($"{name}.bias", Shape.Width, 1)));

    private NativeBuffer<float> Vector(Tensor tensor)
    {
        var vector = Owned(new NativeBuffer<float>(tensor.Columns));
        tensor.ReadRow(0, vector.Slice(0, tensor.Columns));
        return vector;
    }

    private Tensor Find(string name, int columns, long rows)
    {
        if (!_file.Tensors.TryGetValue(_prefix + name, out var tensor))
        {
            throw new AgentRagException(_file.NotRead.TryGetValue(_prefix + name, out var dtype)
                ? $"{_file.Path}: tensor '{_prefix}{name}' has dtype {dtype}, this program reads F32, F16 and BF16."
                : $"{_file.Path} has no tensor '{_prefix}{name}': it is one part of several, or damaged.");
        }

        return tensor.Columns == columns && tensor.Rows == rows
            ? tensor
            : throw new AgentRagException($"{_file.Path}: tensor '{tensor.Name}' is {tensor.Columns} x {tensor.Rows}, expected {columns} x {rows} by config.json: the folder is damaged.");
    }

    private T Owned<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
