using System.Buffers.Binary;
using System.Text;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Transformers;

/// <summary>Writes models with random weights: they say nothing, and take as long to run as trained ones.</summary>
/// <remarks>The same seed makes the same bytes on every machine.</remarks>
internal static class RandomModel
{
    /// <summary>Writes a GGUF file with a model of this shape.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="shape">The measures.</param>
    /// <param name="type">The type of all matrices; norms and biases are F32.</param>
    /// <param name="seed">Chooses the weights.</param>
    /// <param name="tiesEmbedding">Whether the output uses the table of embeddings.</param>
    /// <param name="embeddingType">The type of embeddings and output; null for <paramref name="type"/>.</param>
    /// <param name="rotaryFactors">What goes into <c>rope_freqs.weight</c>; null for none.</param>
    public static void Write(
        string path, TransformerShape shape, TensorType type, int seed, bool tiesEmbedding = true, TensorType? embeddingType = null, float[]? rotaryFactors = null)
    {
        var a = shape.Architecture;
        var writer = new GgufWriter()
            .Add("general.architecture", a)
            .Add("general.name", $"random weights, seed {seed}")
            .Add($"{a}.block_count", (uint)shape.Layers)
            .Add($"{a}.context_length", (uint)shape.ContextTokens)
            .Add($"{a}.embedding_length", (uint)shape.Width)
            .Add($"{a}.feed_forward_length", (uint)shape.FeedForwardWidth)
            .Add($"{a}.attention.head_count", (uint)shape.Heads)
            .Add($"{a}.attention.head_count_kv", (uint)shape.KeyValueHeads)
            .Add($"{a}.attention.key_length", (uint)shape.HeadWidth)
            .Add($"{a}.attention.value_length", (uint)shape.HeadWidth)
            .Add($"{a}.attention.layer_norm_rms_epsilon", shape.NormEpsilon)
            .Add($"{a}.rope.freq_base", (float)shape.RotaryBase)
            .Add($"{a}.rope.dimension_count", (uint)shape.RotaryWidth)
            .Add($"{a}.vocab_size", (uint)shape.VocabularySize);
        AddVocabulary(writer, shape.VocabularySize);
        AddTensors(writer, shape, type, embeddingType ?? type, tiesEmbedding, new Random(seed));
        if (rotaryFactors is not null)
        {
            writer.Add(TransformerWeights.RotaryFactorsName, TensorType.F32, [rotaryFactors.Length], rotaryFactors);
        }

        writer.Write(path);
    }

    private static void AddTensors(GgufWriter writer, TransformerShape shape, TensorType type, TensorType embeddingType, bool tiesEmbedding, Random random)
    {
        var (width, queryWidth, keyWidth, inner) = (shape.Width, shape.Heads * shape.HeadWidth, shape.KeyValueHeads * shape.HeadWidth, shape.FeedForwardWidth);

        // Twice the spread of the others, so that logits spread by about two and a greedy choice is seldom close.
        Matrix(TransformerWeights.TokenEmbedding, embeddingType, width, shape.VocabularySize, 2 / Math.Sqrt(width));
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Norm($"blk.{layer}.attn_norm.weight");
            Matrix($"blk.{layer}.attn_q.weight", type, width, queryWidth, 1 / Math.Sqrt(width));
            Matrix($"blk.{layer}.attn_k.weight", type, width, keyWidth, 1 / Math.Sqrt(width));
            Matrix($"blk.{layer}.attn_v.weight", type, width, keyWidth, 1 / Math.Sqrt(width));
            if (shape.Architecture == "qwen2")
            {
                Bias($"blk.{layer}.attn_q.bias", queryWidth);
                Bias($"blk.{layer}.attn_k.bias", keyWidth);
                Bias($"blk.{layer}.attn_v.bias", keyWidth);
            }

            Matrix($"blk.{layer}.attn_output.weight", type, queryWidth, width, 1 / Math.Sqrt(queryWidth));
            Norm($"blk.{layer}.ffn_norm.weight");
            Matrix($"blk.{layer}.ffn_gate.weight", type, width, inner, 1 / Math.Sqrt(width));
            Matrix($"blk.{layer}.ffn_up.weight", type, width, inner, 1 / Math.Sqrt(width));
            Matrix($"blk.{layer}.ffn_down.weight", type, inner, width, 1 / Math.Sqrt(inner));
        }

        Norm(TransformerWeights.OutputNormName);
        if (!tiesEmbedding)
        {
            Matrix(TransformerWeights.OutputName, embeddingType, width, shape.VocabularySize, 2 / Math.Sqrt(width));
        }

        void Matrix(string name, TensorType tensorType, int columns, int rows, double spread)
        {
            var seed = random.Next();
            writer.Add(name, tensorType, [columns, rows], stream => WriteMatrix(stream, tensorType, columns, rows, spread, new Random(seed)));
        }

        void Norm(string name) => writer.Add(name, TensorType.F32, [width], [.. Enumerable.Range(0, width).Select(_ => 1 + Uniform(random, 0.2))]);

        void Bias(string name, int length) => writer.Add(name, TensorType.F32, [length], [.. Enumerable.Range(0, length).Select(_ => Uniform(random, 0.3))]);
    }

    private static void WriteMatrix(Stream stream, TensorType type, int columns, int rows, double spread, Random random)
    {
        var bytes = new byte[type.RowBytes(columns)];
        var values = new float[columns];
        for (var row = 0; row < rows; row++)
        {
            if (type.IsQuantized())
            {
                random.NextBytes(bytes);
                for (var block = 0; block < columns / type.BlockValues(); block++)
                {
                    PutScales(type, bytes.AsSpan(block * type.BlockBytes(), type.BlockBytes()), spread);
                }
            }
            else
            {
                for (var i = 0; i < columns; i++)
                {
                    values[i] = Uniform(random, spread);
                }

                BlockFormats.Quantize(type, values, bytes);
            }

            stream.Write(bytes);
        }
    }

    // Random codes are evenly spread; the scale makes their spread the wanted one.
    private static void PutScales(TensorType type, Span<byte> block, double spread)
    {
        switch (type)
        {
            case TensorType.Q8_0:
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(spread * Math.Sqrt(3) / 128));
                break;
            case TensorType.Q4_0:
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(spread * Math.Sqrt(3) / 8));
                break;
            case TensorType.Q4_K:
                // All scales 32 and all minima 60, with dmin = 4 d: code 7.5 is zero.
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(spread * Math.Sqrt(3) / 8 / 32));
                BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)(spread * Math.Sqrt(3) / 8 / 32 * 4));
                block.Slice(4, 4).Fill(32 | (32 >> 4 << 6));
                block.Slice(8, 4).Fill(60 | (60 >> 4 << 6));
                block.Slice(12, 4).Fill((32 & 0xF) | ((60 & 0xF) << 4));
                break;
            case TensorType.Q6_K:
                // Scales are random between 32 and 95.
                for (var s = 0; s < Q6K.SubBlocks; s++)
                {
                    block[192 + s] = (byte)(32 + (block[192 + s] & 63));
                }

                BinaryPrimitives.WriteHalfLittleEndian(block[208..], (Half)(spread * Math.Sqrt(3) / 32 / 64));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "No block format.");
        }
    }

    private static float Uniform(Random random, double spread) => (float)(((random.NextDouble() * 2) - 1) * spread * Math.Sqrt(3));

    // A SentencePiece vocabulary: unknown, begin, end, 256 bytes, then letters and made-up words whose names tell their number.
    private static void AddVocabulary(GgufWriter writer, int size)
    {
        var tokens = new string[size];
        var types = new int[size];
        var scores = new float[size];
        for (var i = 0; i < size; i++)
        {
            (tokens[i], types[i]) = i switch
            {
                0 => ("<unk>", 2),
                1 => ("<s>", 3),
                2 => ("</s>", 3),
                < 259 => ($"<0x{i - 3:X2}>", 6),
                < 285 => (((char)('a' + i - 259)).ToString(), 1),
                285 => ("▁", 1),
                _ => (Word(i - 286), 1),
            };
            scores[i] = i < 259 ? 0 : -(i - 258);
        }

        writer.Add("tokenizer.ggml.model", "llama")
            .Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.scores", scores)
            .Add("tokenizer.ggml.token_type", types)
            .Add("tokenizer.ggml.bos_token_id", 1u)
            .Add("tokenizer.ggml.eos_token_id", 2u)
            .Add("tokenizer.ggml.unknown_token_id", 0u)
            .Add("tokenizer.ggml.add_bos_token", true);
    }

    private static string Word(int number)
    {
        const string Consonants = "bcdfghjklmnpqrstvwxyz", Vowels = "aeiou";
        var word = new StringBuilder("▁");
        for (number++; number > 0; number /= 105)
        {
            number--;
            word.Append(Consonants[number % 105 / 5]).Append(Vowels[number % 5]);
        }

        return word.ToString();
    }
}
