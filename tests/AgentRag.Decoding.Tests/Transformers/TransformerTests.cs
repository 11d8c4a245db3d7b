using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using AgentRag.Tests;
using Xunit;

namespace AgentRag.Decoding.Tests.Transformers;

public sealed class TransformerTests
{
    private static readonly int[] Tokens = [1, 17, 290, 5, 88, 131, 2, 17, 260, 33, 45, 299, 0, 12, 77, 150, 151, 152, 9, 10, 11, 64, 65, 66, 67, 211, 212, 7, 90, 91, 92, 93, 94, 95, 96, 97, 98];

    public static TheoryData<string, TensorType> Models
    {
        get
        {
            var models = new TheoryData<string, TensorType>();
            foreach (var type in TensorTypes.All)
            {
                models.Add("llama", type);
                models.Add("qwen2", type);
            }

            return models;
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_of_all_positions_are_those_of_a_naive_decoder_in_double_precision(string architecture, TensorType type)
    {
        using var model = new LoadedModel(Shapes.For(architecture, type), type, seed: 5);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        using var cache = model.Cache();
        transformer.Run(cache, Tokens, Tokens.Length);

        var expected = new NaiveTransformer(model.File.Tensors, model.Shape, roundsActivations: true).Run(Tokens);

        var spread = Math.Sqrt(expected.Average(row => row.Average(value => value * value)));
        Assert.InRange(spread, 0.5, 10);
        List<double> errors = [];
        for (var t = 0; t < Tokens.Length; t++)
        {
            var logits = transformer.Logits(t);
            var error = 0.0;
            for (var i = 0; i < logits.Length; i++)
            {
                error = Math.Max(error, Math.Abs(logits[i] - expected[t][i]));
            }

            errors.Add(error / spread);
        }

        // Codes of activations lie on a grid: where a value lies half way, the last bit decides, and one step of 1/127 of a block's largest follows.
        // That happens at few positions; at the others integer sums are even more exact than floating-point ones.
        Assert.InRange(errors.Order().ElementAt(errors.Count * 3 / 4), 0, 5e-6);
        Assert.InRange(errors.Max(), 0, type.IsQuantized() ? 0.1 : 2e-5);
    }

    [Fact]
    public void Rotary_factors_and_an_output_of_its_own_are_used()
    {
        var factors = RotaryFrequencies.Llama3Factors(16, 10_000, 8, 1, 4, 64);
        using var model = new LoadedModel(Shapes.Llama, TensorType.F32, seed: 6, tiesEmbedding: false, factors);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 1 });
        using var cache = model.Cache();
        transformer.Run(cache, Tokens, 1);

        var expected = new NaiveTransformer(model.File.Tensors, model.Shape, roundsActivations: false).Run(Tokens)[^1];
        Assert.All(Enumerable.Range(0, expected.Length), i => Assert.Equal(expected[i], transformer.Logits(0)[i], 1e-4));

        using var plain = new LoadedModel(Shapes.Llama, TensorType.F32, seed: 6, tiesEmbedding: false);
        using var other = new Transformer(plain.Weights, new TransformerOptions { Threads = 1 });
        using var otherCache = plain.Cache();
        other.Run(otherCache, Tokens, 1);
        Assert.NotEqual(other.Logits(0).ToArray(), transformer.Logits(0).ToArray());
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Chunks_threads_and_instructions_change_no_bit(string architecture, TensorType type)
    {
        using var model = new LoadedModel(Shapes.For(architecture, type), type, seed: 7);
        var expected = Run(model, new TransformerOptions { Threads = 1, ChunkTokens = 1, InstructionSet = InstructionSet.Portable }, CachePrecision.F32);
        foreach (var set in InstructionSets.Supported)
        {
            foreach (var (threads, chunk) in ((int, int)[])[(1, 1), (2, 5), (2, 16), (3, 37)])
            {
                var logits = Run(model, new TransformerOptions { Threads = threads, ChunkTokens = chunk, InstructionSet = set }, CachePrecision.F32);
                Assert.True(expected.AsSpan().SequenceEqual(logits), $"{set}, {threads} threads, chunks of {chunk}");
            }
        }
    }

    [Fact]
    public void A_cache_in_bfloat16_is_as_invariant_and_close_to_single_precision()
    {
        using var model = new LoadedModel(Shapes.Qwen, TensorType.F32, seed: 8);
        var exact = Run(model, new TransformerOptions { Threads = 1, ChunkTokens = 1 }, CachePrecision.F32);
        var expected = Run(model, new TransformerOptions { Threads = 1, ChunkTokens = 1, InstructionSet = InstructionSet.Portable }, CachePrecision.BF16);
        foreach (var set in InstructionSets.Supported)
        {
            Assert.Equal(expected, Run(model, new TransformerOptions { Threads = 2, ChunkTokens = 11, InstructionSet = set }, CachePrecision.BF16));
        }

        Assert.NotEqual(exact, expected);
        Assert.All(exact.Zip(expected), pair => Assert.Equal(pair.First, pair.Second, 0.1f));
    }

    [Theory]
    [InlineData(TensorType.F32, CachePrecision.F32), InlineData(TensorType.Q8_0, CachePrecision.BF16)]
    public void A_cache_cut_back_and_gone_on_with_equals_a_fresh_one(TensorType type, CachePrecision precision)
    {
        using var model = new LoadedModel(Shapes.Llama, type, seed: 9);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        using var cache = model.Cache(precision: precision);
        using var fresh = model.Cache(precision: precision);
        var random = new Random(10);
        List<int> held = [.. Tokens];
        transformer.Run(cache, Tokens, 1);
        for (var round = 0; round < 30; round++)
        {
            int[] more = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(300))];
            transformer.Run(cache, more, more.Length);
            held.AddRange(more);
            var keep = random.Next(Math.Max(0, held.Count - 9), held.Count);
            cache.Truncate(keep);
            held.RemoveRange(keep, held.Count - keep);
        }

        transformer.Run(cache, [42], 1);
        var logits = transformer.Logits(0).ToArray();
        transformer.Run(fresh, [.. held, 42], 1);
        Assert.Equal(transformer.Logits(0).ToArray(), logits);
        AssertSameNumbers(model.Shape, fresh, cache);
    }

    // Every key and value of the tokens held, bit for bit. Keys lie in blocks of positions, one number of all positions of a block behind the other.
    private static unsafe void AssertSameNumbers(TransformerShape shape, KeyValueCache expected, KeyValueCache actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        const int Block = AttentionKernel<F32Format>.BlockPositions;
        var compared = 0;
        for (var (layer, bytes) = (0, expected.Width); layer < shape.Layers; layer++)
        {
            for (var head = 0; head < shape.KeyValueHeads; head++)
            {
                var values = expected.Length * shape.HeadWidth * bytes;
                Assert.True(new ReadOnlySpan<byte>(expected.Values(layer, head), values).SequenceEqual(new ReadOnlySpan<byte>(actual.Values(layer, head), values)), $"values of {layer}, {head}");
                for (var position = 0; position < expected.Length; position++)
                {
                    for (var d = 0; d < shape.HeadWidth; d++)
                    {
                        var at = (((position / Block * Block * shape.HeadWidth) + (d * Block) + (position % Block)) * bytes);
                        Assert.True(new ReadOnlySpan<byte>(expected.Keys(layer, head) + at, bytes).SequenceEqual(new ReadOnlySpan<byte>(actual.Keys(layer, head) + at, bytes)), $"key {position} of {layer}, {head}");
                        compared++;
                    }
                }
            }
        }

        Assert.True(compared > 1_000);
    }

    [Fact]
    public void A_copied_prefix_equals_a_computed_one()
    {
        using var model = new LoadedModel(Shapes.Qwen, TensorType.Q8_0, seed: 11);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        using var cache = model.Cache();
        using var copy = model.Cache(64);
        transformer.Run(cache, Tokens, 0);
        copy.CopyFrom(cache, 20);
        transformer.Run(copy, Tokens.AsSpan(20), 1);
        var logits = transformer.Logits(0).ToArray();
        cache.Truncate(Tokens.Length - 1);
        transformer.Run(cache, Tokens.AsSpan(Tokens.Length - 1), 1);
        Assert.Equal(transformer.Logits(0).ToArray(), logits);
    }

    [Fact]
    public void Embeddings_as_input_equal_the_tokens_they_belong_to()
    {
        using var model = new LoadedModel(Shapes.Llama, TensorType.Q8_0, seed: 12);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2, ChunkTokens = 8 });
        using var cache = model.Cache();
        using var other = model.Cache();
        var rows = new float[Tokens.Length * model.Shape.Width];
        for (var t = 0; t < Tokens.Length; t++)
        {
            transformer.ReadEmbedding(Tokens[t], rows.AsSpan(t * model.Shape.Width, model.Shape.Width));
        }

        transformer.RunEmbedded(cache, rows, 3);
        float[][] logits = [.. Enumerable.Range(0, 3).Select(row => transformer.Logits(row).ToArray())];
        transformer.Run(other, Tokens, 3);
        Assert.All(Enumerable.Range(0, 3), row => Assert.Equal(transformer.Logits(row).ToArray(), logits[row]));
    }

    [Fact]
    public void Running_a_token_allocates_nothing()
    {
        using var model = new LoadedModel(Shapes.Llama, TensorType.Q8_0, seed: 13);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        using var cache = model.Cache();
        transformer.Run(cache, Tokens, 1);
        transformer.Run(cache, [5], 1);
        int[] token = [6];
        Assert.Equal(0, AllocatedBytes.LeastOf(() => transformer.Run(cache, token, 1)));
    }

    [Fact]
    public void A_full_context_and_a_token_outside_the_vocabulary_are_errors()
    {
        using var model = new LoadedModel(Shapes.Llama, TensorType.F32, seed: 14);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 1 });
        using var cache = model.Cache(8);
        var fault = Assert.Throws<AgentRagException>(() => transformer.Run(cache, Tokens.AsSpan(0, 9), 1));
        Assert.Equal(
            "The context holds 0 tokens and 9 more are to follow, it has room for 8: shorten the prompt or give the model a longer context.", fault.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => transformer.Run(cache, [300], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => transformer.Run(cache, [-1], 1));
    }

    [Fact]
    public void A_model_of_another_kind_or_with_tensors_too_many_or_too_few_is_an_error()
    {
        using var folder = new TemporaryFolder();
        new GgufWriter().Add("general.architecture", "gpt2").Write(folder["a.gguf"]);
        using (var file = GgufFile.Open(folder["a.gguf"]))
        {
            Assert.Equal($"{file.Path} is of the architecture 'gpt2', this program runs llama and qwen2.", Assert.Throws<AgentRagException>(() => TransformerShape.From(file)).Message);
        }

        using var model = new LoadedModel(Shapes.Llama, TensorType.F32, seed: 15);
        var fewer = model.File.Tensors.Where(tensor => tensor.Key != "blk.1.attn_k.weight").ToDictionary();
        Assert.Equal(
            "m.gguf has no tensor 'blk.1.attn_k.weight': it is one part of several, or damaged.",
            Assert.Throws<AgentRagException>(() => new TransformerWeights("m.gguf", model.Shape, fewer, 1)).Message);
        var more = model.File.Tensors.ToDictionary();
        more["blk.0.attn_q_norm.weight"] = more["blk.0.attn_norm.weight"];
        Assert.Equal(
            "m.gguf has a tensor 'blk.0.attn_q_norm.weight', which is not part of a llama model as this program runs it.",
            Assert.Throws<AgentRagException>(() => new TransformerWeights("m.gguf", model.Shape, more, 1)).Message);
        Assert.Equal(
            "m.gguf: tensor 'blk.0.attn_q.weight' is 64 x 64, expected 64 x 128: the file is damaged.",
            Assert.Throws<AgentRagException>(() => new TransformerWeights("m.gguf", model.Shape with { HeadWidth = 32 }, model.File.Tensors, 1)).Message);
    }

    [Fact]
    public void Measures_out_of_range_are_all_named() => Assert.Equal(
        "m cannot be run; it has an embedding of 60 numbers, expected a multiple of 16; 3 heads of keys and values, expected a divisor of 4; "
        + "18 rotary dimensions, expected an even number up to 16.",
        Assert.Throws<AgentRagException>(() => (Shapes.Llama with { Width = 60, KeyValueHeads = 3, RotaryWidth = 18 }).Validated("m")).Message);

    [Theory]
    [InlineData(0, 1)] // turns far more than 4 times in 8,192 tokens: left
    [InlineData(63, 8)] // a wavelength of far more than 8,192 tokens: slowed by 8
    public void Llama_3_leaves_fast_pairs_and_slows_slow_ones(int pair, float factor) =>
        Assert.Equal(factor, RotaryFrequencies.Llama3Factors(128, 500_000, 8, 1, 4, 8_192)[pair]);

    [Fact]
    public void Llama_3_blends_a_pair_between_by_the_published_formula()
    {
        // Pair 32 of 64: frequency 500000^-0.5 = 1.41421e-3, wavelength 4442.88; 8192 / wavelength = 1.84385; share (1.84385 - 1) / 3 = 0.281283;
        // the frequency is multiplied by 0.718717 / 8 + 0.281283 = 0.371123.
        Assert.Equal(1 / 0.371123, RotaryFrequencies.Llama3Factors(128, 500_000, 8, 1, 4, 8_192)[32], 1e-4);
    }

    private static float[] Run(LoadedModel model, TransformerOptions options, CachePrecision precision)
    {
        using var transformer = new Transformer(model.Weights, options);
        using var cache = model.Cache(precision: precision);
        List<float> logits = [];

        // The last tokens once as one chunk, as a verifier does, the others alone or in chunks.
        var last = Math.Min(options.ChunkTokens, 5);
        transformer.Run(cache, Tokens.AsSpan(0, 30), 1);
        logits.AddRange(transformer.Logits(0));
        for (var start = 30; start < Tokens.Length; start += last)
        {
            var count = Math.Min(last, Tokens.Length - start);
            transformer.Run(cache, Tokens.AsSpan(start, count), count);
            for (var row = 0; row < count; row++)
            {
                logits.AddRange(transformer.Logits(row));
            }
        }

        return [.. logits];
    }
}
