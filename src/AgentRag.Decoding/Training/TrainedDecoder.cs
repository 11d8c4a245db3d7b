using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Training;

/// <summary>A small decoder whose weights can be trained; it is written as GGUF and then run like any other model.</summary>
/// <remarks>Of the architecture <c>qwen2</c>, without biases and with an output of its own.</remarks>
internal sealed class TrainedDecoder
{
    private readonly BlockShape _block;

    /// <param name="shape">The measures; <c>qwen2</c>.</param>
    /// <param name="seed">Chooses the first weights.</param>
    public TrainedDecoder(TransformerShape shape, long seed)
    {
        if (shape.RotaryPairs != RotaryPairs.HalfSplit || shape.RotaryWidth != shape.HeadWidth || shape.RotaryScale != 1)
        {
            throw new ArgumentException("Only decoders that turn whole heads by halves are trained.", nameof(shape));
        }

        Shape = shape;
        _block = new BlockShape(shape.Width, shape.Heads * shape.HeadWidth, shape.KeyValueHeads * shape.HeadWidth, shape.HeadWidth, shape.FeedForwardWidth) { Epsilon = shape.NormEpsilon };
        var random = new SeededNumbers(seed);
        Parameters.AddSpread(TransformerWeights.TokenEmbedding, shape.VocabularySize, shape.Width, random, 0.5);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Blocks.Add(Parameters, $"blk.{layer}.", _block, random);
        }

        Parameters.AddOnes(TransformerWeights.OutputNormName, shape.Width);
        Parameters.AddMatrix(TransformerWeights.OutputName, shape.Width, shape.VocabularySize, random);
    }

    public TransformerShape Shape { get; }

    public ParameterSet Parameters { get; } = new();

    /// <summary>Reads a small model back, to train it on.</summary>
    /// <exception cref="AgentRagException">It is of a kind that is not trained.</exception>
    public static TrainedDecoder From(GgufFile file)
    {
        var shape = TransformerShape.From(file);
        if (shape.RotaryPairs != RotaryPairs.HalfSplit || shape.RotaryWidth != shape.HeadWidth || file.Tensors.Keys.Any(name => name.EndsWith(".bias", StringComparison.Ordinal)) || !file.Tensors.ContainsKey(TransformerWeights.OutputName))
        {
            throw new AgentRagException($"{file.Path} is run but not trained here: only small qwen2 models without biases and with an output of their own are.");
        }

        var decoder = new TrainedDecoder(shape, seed: 0);
        foreach (var parameter in decoder.Parameters.All)
        {
            var tensor = file.Tensors.TryGetValue(parameter.Name, out var found) ? found : throw new AgentRagException($"{file.Path} has no tensor '{parameter.Name}'.");
            var values = tensor.ReadAll();
            for (var row = 0; row < parameter.Rows; row++)
            {
                for (var column = 0; column < parameter.Columns; column++)
                {
                    parameter.Value[(row * parameter.Columns) + column] = IsTable(parameter) ? values[(row * parameter.Columns) + column] : values[(column * parameter.Rows) + row];
                }
            }
        }

        return decoder;
    }

    /// <summary>Embeddings of tokens.</summary>
    public Node Embed(Tape tape, IReadOnlyList<int> tokens) => tape.Lookup(Parameters[TransformerWeights.TokenEmbedding], tokens);

    /// <summary>Logits behind each row.</summary>
    public Node Run(Tape tape, Node rows)
    {
        for (var layer = 0; layer < Shape.Layers; layer++)
        {
            rows = Blocks.Run(tape, Parameters, $"blk.{layer}.", _block, rows, Shape.RotaryBase);
        }

        return tape.Multiply(tape.RmsNorm(rows, Parameters[TransformerWeights.OutputNormName], Shape.NormEpsilon), Parameters[TransformerWeights.OutputName]);
    }

    /// <summary>Writes the model.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="name">Its name in the file.</param>
    /// <param name="addVocabulary">Adds the tokenizer.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    public void Write(string path, string name, Action<GgufWriter> addVocabulary, TensorType type = TensorType.F32)
    {
        var a = Shape.Architecture;
        var writer = new GgufWriter()
            .Add("general.architecture", a)
            .Add("general.name", name)
            .Add($"{a}.block_count", (uint)Shape.Layers)
            .Add($"{a}.context_length", (uint)Shape.ContextTokens)
            .Add($"{a}.embedding_length", (uint)Shape.Width)
            .Add($"{a}.feed_forward_length", (uint)Shape.FeedForwardWidth)
            .Add($"{a}.attention.head_count", (uint)Shape.Heads)
            .Add($"{a}.attention.head_count_kv", (uint)Shape.KeyValueHeads)
            .Add($"{a}.attention.key_length", (uint)Shape.HeadWidth)
            .Add($"{a}.attention.value_length", (uint)Shape.HeadWidth)
            .Add($"{a}.attention.layer_norm_rms_epsilon", Shape.NormEpsilon)
            .Add($"{a}.rope.freq_base", (float)Shape.RotaryBase)
            .Add($"{a}.rope.dimension_count", (uint)Shape.RotaryWidth);
        addVocabulary(writer);
        foreach (var parameter in Parameters.All)
        {
            if (parameter.Rows == 1)
            {
                writer.Add(parameter.Name, TensorType.F32, [parameter.Columns], parameter.Value);
            }
            else if (IsTable(parameter))
            {
                writer.Add(parameter.Name, type, [parameter.Columns, parameter.Rows], parameter.Value);
            }
            else
            {
                writer.Add(parameter.Name, type, [parameter.Rows, parameter.Columns], Transposed(parameter));
            }
        }

        writer.Write(path);
    }

    private static bool IsTable(Parameter parameter) => parameter.Name == TransformerWeights.TokenEmbedding || parameter.Rows == 1;

    private static float[] Transposed(Parameter parameter)
    {
        var values = new float[parameter.Value.Length];
        for (var row = 0; row < parameter.Rows; row++)
        {
            for (var column = 0; column < parameter.Columns; column++)
            {
                values[(column * parameter.Rows) + row] = parameter.Value[(row * parameter.Columns) + column];
            }
        }

        return values;
    }
}
