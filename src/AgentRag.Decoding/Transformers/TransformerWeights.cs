using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Transformers;

/// <summary>The weights of one layer.</summary>
internal sealed record TransformerLayer
{
    public required NativeBuffer<float> AttentionNorm { get; init; }

    public required PackedMatrix Query { get; init; }

    public required PackedMatrix Key { get; init; }

    public required PackedMatrix Value { get; init; }

    public required NativeBuffer<float>? QueryBias { get; init; }

    public required NativeBuffer<float>? KeyBias { get; init; }

    public required NativeBuffer<float>? ValueBias { get; init; }

    public required PackedMatrix AttentionOutput { get; init; }

    public required NativeBuffer<float> FeedForwardNorm { get; init; }

    public required PackedMatrix Gate { get; init; }

    public required PackedMatrix Up { get; init; }

    public required PackedMatrix Down { get; init; }
}

/// <summary>The weights of a model, packed for the kernels.</summary>
/// <remarks>
/// Rows of queries and keys are reordered where the file pairs neighbours, so that the transformer knows only half-split pairs: products of queries and
/// keys do not change when both are reordered alike. The table of embeddings is read from the file row by row. Immutable; safe for concurrent use.
/// </remarks>
internal sealed class TransformerWeights : IDisposable
{
    public const string TokenEmbedding = "token_embd.weight";
    public const string OutputNormName = "output_norm.weight";
    public const string OutputName = "output.weight";
    public const string RotaryFactorsName = "rope_freqs.weight";

    private readonly List<IDisposable> _owned = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly string _source;
    private readonly IReadOnlyDictionary<string, Tensor> _tensors;
    private readonly int _threads;

    /// <summary>Packs the weights.</summary>
    /// <param name="source">The file's name, for messages.</param>
    /// <param name="shape">The measures, validated.</param>
    /// <param name="tensors">The tensors under GGUF's names; they are read as long as this object lives.</param>
    /// <param name="threads">How many threads pack.</param>
    /// <exception cref="AgentRagException">A tensor is missing, has another shape, or is not part of such a model.</exception>
    public TransformerWeights(string source, TransformerShape shape, IReadOnlyDictionary<string, Tensor> tensors, int threads)
    {
        (_source, _tensors, _threads, Shape) = (source, tensors, threads, shape);
        try
        {
            Embedding = Find(TokenEmbedding, shape.Width, shape.VocabularySize);
            RotaryFactors = tensors.ContainsKey(RotaryFactorsName) ? Find(RotaryFactorsName, shape.RotaryWidth / 2, 1).ReadAll() : null;
            Layers = [.. Enumerable.Range(0, shape.Layers).Select(Layer)];
            OutputNorm = Vector(OutputNormName, shape.Width);
            Output = Matrix(tensors.ContainsKey(OutputName) ? OutputName : TokenEmbedding, shape.Width, shape.VocabularySize);
            if (tensors.Keys.FirstOrDefault(name => !_used.Contains(name)) is { } unknown)
            {
                throw new AgentRagException($"{source} has a tensor '{unknown}', which is not part of a {shape.Architecture} model as this program runs it.");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public TransformerShape Shape { get; }

    /// <summary>One row per token.</summary>
    public Tensor Embedding { get; }

    public IReadOnlyList<float>? RotaryFactors { get; }

    public IReadOnlyList<TransformerLayer> Layers { get; }

    public NativeBuffer<float> OutputNorm { get; }

    public PackedMatrix Output { get; }

    /// <summary>Bytes of weights that one token reads.</summary>
    public long BytesPerToken => _owned.OfType<PackedMatrix>().Sum(matrix => matrix.Bytes);

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private TransformerLayer Layer(int layer)
    {
        var (queryWidth, keyWidth) = (Shape.Heads * Shape.HeadWidth, Shape.KeyValueHeads * Shape.HeadWidth);
        var (queryOrder, keyOrder) = (RotaryOrder(Shape.Heads), RotaryOrder(Shape.KeyValueHeads));
        return new TransformerLayer
        {
            AttentionNorm = Vector(Name("attn_norm.weight"), Shape.Width),
            Query = Matrix(Name("attn_q.weight"), Shape.Width, queryWidth, queryOrder),
            Key = Matrix(Name("attn_k.weight"), Shape.Width, keyWidth, keyOrder),
            Value = Matrix(Name("attn_v.weight"), Shape.Width, keyWidth),
            QueryBias = Bias(Name("attn_q.bias"), queryWidth, queryOrder),
            KeyBias = Bias(Name("attn_k.bias"), keyWidth, keyOrder),
            ValueBias = Bias(Name("attn_v.bias"), keyWidth, order: null),
            AttentionOutput = Matrix(Name("attn_output.weight"), queryWidth, Shape.Width),
            FeedForwardNorm = Vector(Name("ffn_norm.weight"), Shape.Width),
            Gate = Matrix(Name("ffn_gate.weight"), Shape.Width, Shape.FeedForwardWidth),
            Up = Matrix(Name("ffn_up.weight"), Shape.Width, Shape.FeedForwardWidth),
            Down = Matrix(Name("ffn_down.weight"), Shape.FeedForwardWidth, Shape.Width),
        };

        string Name(string part) => $"blk.{layer}.{part}";
    }

    // Within each head: 0, 2, 4, …, then 1, 3, 5, …; what is not turned stays where it is.
    private int[]? RotaryOrder(int heads)
    {
        if (Shape.RotaryPairs == RotaryPairs.HalfSplit)
        {
            return null;
        }

        var (width, half) = (Shape.HeadWidth, Shape.RotaryWidth / 2);
        return [.. Enumerable.Range(0, heads * width).Select(row => (row / width * width) + (row % width) switch
        {
            var i when i < half => 2 * i,
            var i when i < 2 * half => (2 * (i - half)) + 1,
            var i => i,
        })];
    }

    private PackedMatrix Matrix(string name, int columns, int rows, int[]? order = null) => Owned(PackedMatrix.Pack(Find(name, columns, rows), order, _threads));

    private NativeBuffer<float> Vector(string name, int length, int[]? order = null)
    {
        var values = Find(name, length, 1).ReadAll();
        var vector = Owned(new NativeBuffer<float>((length + 15) / 16 * 16));
        for (var i = 0; i < length; i++)
        {
            vector.Slice(i, 1)[0] = values[order is null ? i : order[i]];
        }

        return vector;
    }

    private NativeBuffer<float>? Bias(string name, int length, int[]? order) => _tensors.ContainsKey(name) ? Vector(name, length, order) : null;

    private Tensor Find(string name, int columns, long rows)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
        {
            throw new AgentRagException($"{_source} has no tensor '{name}': it is one part of several, or damaged.");
        }

        _used.Add(name);
        return tensor.Columns == columns && tensor.Rows == rows
            ? tensor
            : throw new AgentRagException($"{_source}: tensor '{name}' is {tensor.Columns} x {tensor.Rows}, expected {columns} x {rows}: the file is damaged.");
    }

    private T Owned<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
