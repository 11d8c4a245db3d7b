using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Transformers;

/// <summary>Which numbers of a head are turned together by the position.</summary>
internal enum RotaryPairs
{
    /// <summary>Neighbours: GGUF files of the architecture <c>llama</c>.</summary>
    Interleaved,

    /// <summary>Number i and number i + half: <c>qwen2</c>, and safetensors of both families.</summary>
    HalfSplit,
}

/// <summary>The measures of a decoder of the Llama or Qwen2 family.</summary>
internal sealed record TransformerShape
{
    /// <summary>GGUF's name of the family: <c>llama</c> or <c>qwen2</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Layers, ≥ 1.</summary>
    public required int Layers { get; init; }

    /// <summary>Numbers of a token's embedding, a multiple of 16.</summary>
    public required int Width { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Heads of keys and values; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Numbers of a head, a multiple of 16.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>Numbers of the inner layer of the feed-forward network, a multiple of 16.</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>Tokens of the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Tokens the model was trained for in one context.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>What is added to the mean square in norms.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RotaryBase { get; init; } = 10_000;

    /// <summary>What positions are divided by ("linear" scaling).</summary>
    public double RotaryScale { get; init; } = 1;

    /// <summary>Numbers of a head that are turned; even, at most <see cref="HeadWidth"/>.</summary>
    public required int RotaryWidth { get; init; }

    /// <summary>Which of them go together in the file.</summary>
    public required RotaryPairs RotaryPairs { get; init; }

    /// <summary>Query heads that share one head of keys and values.</summary>
    public int HeadsPerKeyValueHead => Heads / KeyValueHeads;

    /// <summary>Reads the measures of a GGUF file.</summary>
    /// <exception cref="AgentRagException">It is of another family, or a measure is missing or out of range.</exception>
    public static TransformerShape From(GgufFile file)
    {
        var metadata = file.Metadata;
        var architecture = metadata.Text("general.architecture") ?? throw new AgentRagException($"{file.Path} does not say its architecture: it is no model.");
        if (architecture is not ("llama" or "qwen2"))
        {
            throw new AgentRagException($"{file.Path} is of the architecture '{architecture}', this program runs llama and qwen2.");
        }

        if (metadata.Integer($"{architecture}.expert_count") is > 0)
        {
            throw new AgentRagException($"{file.Path} is a mixture of experts, this program runs dense models.");
        }

        var scaling = metadata.Text($"{architecture}.rope.scaling.type");
        if (scaling is not (null or "none" or "linear"))
        {
            throw new AgentRagException($"{file.Path} stretches its context by '{scaling}', this program knows linear scaling and Llama 3's factors.");
        }

        var (width, heads) = (Required("embedding_length"), Required("attention.head_count"));
        var headWidth = metadata.Integer($"{architecture}.attention.key_length") ?? width / Math.Max(1, heads);
        if (metadata.Integer($"{architecture}.attention.value_length") is { } valueWidth && valueWidth != headWidth)
        {
            throw new AgentRagException($"{file.Path} has keys of {headWidth} numbers and values of {valueWidth}, this program wants them equal.");
        }

        return new TransformerShape
        {
            Architecture = architecture,
            Layers = Required("block_count"),
            Width = width,
            Heads = heads,
            KeyValueHeads = metadata.Integer($"{architecture}.attention.head_count_kv") ?? heads,
            HeadWidth = headWidth,
            FeedForwardWidth = Required("feed_forward_length"),
            VocabularySize = file.Tensors.TryGetValue(TransformerWeights.TokenEmbedding, out var embedding)
                ? (int)Math.Min(int.MaxValue, embedding.Rows)
                : throw new AgentRagException($"{file.Path} has no tensor {TransformerWeights.TokenEmbedding}: it is no model, or one part of several."),
            ContextTokens = Required("context_length"),
            NormEpsilon = (float)(metadata.Number($"{architecture}.attention.layer_norm_rms_epsilon") ?? 1e-5),
            RotaryBase = metadata.Number($"{architecture}.rope.freq_base") ?? 10_000,
            RotaryScale = scaling == "linear" ? metadata.Number($"{architecture}.rope.scaling.factor") ?? 1 : 1,
            RotaryWidth = metadata.Integer($"{architecture}.rope.dimension_count") ?? headWidth,
            RotaryPairs = architecture == "llama" ? RotaryPairs.Interleaved : RotaryPairs.HalfSplit,
        }.Validated(file.Path);

        int Required(string name) => metadata.Integer($"{architecture}.{name}")
            ?? throw new AgentRagException($"{file.Path} has no metadata '{architecture}.{name}': it is no model, or damaged.");
    }

    /// <summary>Returns this shape if it can be run.</summary>
    /// <param name="source">Where it comes from, for the message.</param>
    /// <exception cref="AgentRagException">Some measure is out of range; the message names all of them.</exception>
    public TransformerShape Validated(string source)
    {
        List<string> problems = [];
        Require(Layers is >= 1 and <= 1_000, $"{Layers} layers, expected 1 to 1,000");
        Require(Width is >= 16 and <= 1 << 17 && Width % 16 == 0, $"an embedding of {Width} numbers, expected a multiple of 16");
        Require(Heads is >= 1 and <= 4_096, $"{Heads} heads, expected 1 to 4,096");
        Require(KeyValueHeads >= 1 && Heads % Math.Max(1, KeyValueHeads) == 0, $"{KeyValueHeads} heads of keys and values, expected a divisor of {Heads}");
        Require(HeadWidth is >= 16 and <= 1_024 && HeadWidth % 16 == 0, $"heads of {HeadWidth} numbers, expected a multiple of 16 up to 1,024");
        Require(FeedForwardWidth is >= 16 and <= 1 << 20 && FeedForwardWidth % 16 == 0, $"a feed-forward width of {FeedForwardWidth}, expected a multiple of 16");
        Require(VocabularySize is >= 1 and <= 1 << 24, $"a vocabulary of {VocabularySize} tokens");
        Require(ContextTokens >= 1, $"a context of {ContextTokens} tokens");
        Require(NormEpsilon is >= 0 and < 1, $"a norm epsilon of {NormEpsilon}");
        Require(RotaryBase >= 1 && RotaryScale > 0, $"a rotary base of {RotaryBase} and a scale of {RotaryScale}");
        Require(RotaryWidth >= 2 && RotaryWidth % 2 == 0 && RotaryWidth <= HeadWidth, $"{RotaryWidth} rotary dimensions, expected an even number up to {HeadWidth}");
        return problems.Count == 0 ? this : throw new AgentRagException($"{source} cannot be run; it has {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
