using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Tests.Training;
using AgentRag.Decoding.Tests.Transformers;
using AgentRag.Decoding.Training;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using AgentRag.Tests;
using Xunit;

namespace AgentRag.Decoding.Tests.Refrag;

public sealed class RefragTests : IDisposable
{
    private static readonly int[] Prompt = [1, .. Enumerable.Range(3, 60)];

    private readonly TemporaryFolder _folder = new();
    private readonly LoadedModel _model = new(Shapes.Llama, TensorType.Q8_0, seed: 41);
    private readonly Transformer _transformer;

    public RefragTests() => _transformer = new Transformer(_model.Weights, new TransformerOptions { Threads = 2 });

    public void Dispose()
    {
        _transformer.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_prompt_with_all_chunks_expanded_is_the_plain_prompt()
    {
        var adapter = Adapter(rate: 4);
        using var embeddings = new ChunkEmbeddings(adapter);
        var compressed = Compress(adapter, embeddings, new RefragOptions { ExpandedShare = 1 });
        Assert.Equal((0, 12), (compressed.Compressed, compressed.Expanded));
        Assert.Equal(Prompt.Select(token => (long)token), compressed.Input.Keys);
        Assert.Equal(Logits(PromptInput.Of(Prompt)), Logits(compressed.Input));
    }

    [Fact]
    public void Chunks_of_one_token_whose_embedding_is_the_tokens_own_are_the_plain_prompt_bit_for_bit()
    {
        var encoder = new Identity(_transformer);
        using var embeddings = new ChunkEmbeddings(encoder);
        var compressed = Compress(encoder, embeddings, new RefragOptions { Policy = ExpansionPolicy.None });
        Assert.Equal((50, 0), (compressed.Compressed, compressed.Expanded));
        Assert.Equal(Logits(PromptInput.Of(Prompt)), Logits(compressed.Input));
    }

    [Theory]
    [InlineData(8, 0, 6)] // 50 tokens are 6 chunks of 8 and 2 tokens more
    [InlineData(4, 0.25, 12)]
    public void The_length_is_what_is_kept_and_one_place_per_chunk(int rate, double share, int chunks)
    {
        var adapter = Adapter(rate);
        using var embeddings = new ChunkEmbeddings(adapter);
        var compressed = Compress(adapter, embeddings, new RefragOptions { ExpandedShare = share, Policy = ExpansionPolicy.Random });
        var expanded = (int)Math.Ceiling(chunks * share);
        Assert.Equal((chunks - expanded, expanded), (compressed.Compressed, compressed.Expanded));
        Assert.Equal(Prompt.Length - ((rate - 1) * (chunks - expanded)), compressed.Input.Length);
    }

    [Theory]
    [InlineData(16, 0.1, 6.4)] // 16 / (0.9 + 1.6)
    [InlineData(8, 0, 8), InlineData(8, 1, 1)]
    public void The_effective_rate_is_the_published_formula(int rate, double share, double expected) =>
        Assert.Equal(expected, new RefragOptions { ExpandedShare = share }.EffectiveRate(rate), 1e-9);

    [Fact]
    public void Embeddings_from_the_file_are_those_that_were_computed_and_no_chunk_is_encoded_twice()
    {
        var adapter = Adapter(rate: 4);
        float[] first;
        using (var embeddings = new ChunkEmbeddings(adapter, _folder["chunks"]))
        {
            first = Logits(Compress(adapter, embeddings, new RefragOptions { Policy = ExpansionPolicy.None }).Input);
            Assert.Equal((12, 12), (embeddings.Encoded, embeddings.Count));
            Compress(adapter, embeddings, new RefragOptions { Policy = ExpansionPolicy.None });
            Assert.Equal(12, embeddings.Encoded);
        }

        using (var again = new ChunkEmbeddings(adapter, _folder["chunks"]))
        {
            Assert.Equal(first, Logits(Compress(adapter, again, new RefragOptions { Policy = ExpansionPolicy.None }).Input));
            Assert.Equal(0, again.Encoded);
        }

        // A record that was cut off, as by a crash, is made anew; those before it are kept.
        var bytes = File.ReadAllBytes(_folder["chunks"]);
        File.WriteAllBytes(_folder["chunks"], bytes[..^100]);
        using (var torn = new ChunkEmbeddings(adapter, _folder["chunks"]))
        {
            Assert.Equal(11, torn.Count);
            Assert.Equal(first, Logits(Compress(adapter, torn, new RefragOptions { Policy = ExpansionPolicy.None }).Input));
            Assert.Equal(1, torn.Encoded);
        }

        Assert.Equal(bytes, File.ReadAllBytes(_folder["chunks"]));
        Assert.Equal(
            $"{_folder["chunks"]} holds the embeddings of another encoder: name another file, or delete it.",
            Assert.Throws<AgentRagException>(() => new ChunkEmbeddings(Adapter(rate: 4, seed: 9), _folder["chunks"]).Dispose()).Message);
        File.WriteAllText(_folder["text"], "Something else that is long enough to be a header of such a file.");
        Assert.Equal($"{_folder["text"]} holds no chunk embeddings: name another file, or delete it.", Assert.Throws<AgentRagException>(() => new ChunkEmbeddings(adapter, _folder["text"]).Dispose()).Message);
    }

    [Fact]
    public void A_compressed_prompt_read_again_is_not_read_again()
    {
        var adapter = Adapter(rate: 4);
        using var embeddings = new ChunkEmbeddings(adapter);
        using var context = new TransformerContext(_transformer, 128, CachePrecision.F32);
        var prompt = Compress(adapter, embeddings, new RefragOptions { Policy = ExpansionPolicy.None }).Input;
        Assert.Equal(0, context.Read(prompt));
        Assert.Equal(prompt.Length, context.Read(prompt));
        Assert.Equal(prompt.Length - 1, context.CommonPrefix(prompt.WithoutLast().Keys));
    }

    [Fact]
    public void An_adapter_is_read_as_it_was_written_and_only_for_its_decoder()
    {
        var adapter = Adapter(rate: 4);
        adapter.Write(_folder["a.safetensors"], "note");
        var read = RefragAdapter.Open(_folder["a.safetensors"], adapter.DecoderFingerprint);
        Assert.Equal(adapter.Shape, read.Shape);
        Assert.Equal(adapter.Fingerprint, read.Fingerprint);
        Assert.All(adapter.Parameters.All.Zip(read.Parameters.All), pair => Assert.Equal(pair.First.Value, pair.Second.Value));
        Assert.StartsWith($"{_folder["a.safetensors"]} was trained for another decoder", Assert.Throws<AgentRagException>(() => RefragAdapter.Open(_folder["a.safetensors"], "x")).Message, StringComparison.Ordinal);
        new SafetensorsWriter().Add("format", "agentrag-refrag-1").Add("decoder", "x").Add("rate", "0").Write(_folder["b.safetensors"]);
        Assert.Equal($"{_folder["b.safetensors"]} is damaged: its metadata have no 'rate' between 1 and 4096.", Assert.Throws<AgentRagException>(() => RefragAdapter.Open(_folder["b.safetensors"], "x")).Message);
        new SafetensorsWriter().Add("x", TensorType.F32, [1], [1]).Write(_folder["c.safetensors"]);
        Assert.Equal($"{_folder["c.safetensors"]} is no REFRAG adapter: its metadata have no format agentrag-refrag-1.", Assert.Throws<AgentRagException>(() => RefragAdapter.Open(_folder["c.safetensors"], "x")).Message);
    }

    [Theory]
    [InlineData("policy_layers", "1000", "it has no tensor 'policy.2.attn_norm.weight' of 1 x 16.")]
    [InlineData("encoder_layers", "1000", "it has no tensor 'encoder.1.attn_norm.weight' of 1 x 16.")]
    [InlineData("rate", "4096", "it has no tensor 'encoder.positions' of 4096 x 16.")]
    [InlineData("vocabulary", "16777216", "it has no tensor 'encoder.tokens' of 16777216 x 16.")]
    [InlineData("encoder_width", "40", "its metadata's 'encoder_width' is 40, must be a multiple of 16.")]
    public void Measures_that_the_tensors_do_not_have_are_an_error_before_memory_is_taken_for_them(string field, string value, string expected)
    {
        var adapter = Adapter(rate: 4);
        var path = _folder["a.safetensors"];
        adapter.Write(path);
        AdapterFile.Change(path, field, value);
        var message = "";
        var allocated = AllocatedBytes.LeastOf(() => message = Assert.Throws<AgentRagException>(() => RefragAdapter.Open(path, adapter.DecoderFingerprint)).Message);
        Assert.Equal($"{path} is damaged: {expected}", message);
        Assert.InRange(allocated, 0, 300_000); // the file has 93,000 bytes; a thousand layers would take 10,000,000
    }

    [Fact]
    public void A_parameter_of_more_values_than_an_array_holds_is_an_error() => Assert.Throws<OverflowException>(() => new Parameter("x", 65_536, 65_537));

    [Fact]
    public void Chunks_that_share_rare_tokens_with_the_question_are_expanded_first()
    {
        // 9 stands in one chunk of four: ln 5 = 1.609; 8 in three: ln(1 + 4/3) = 0.847.
        var scores = Expansion.ByQuestion([[8, 1, 1], [8, 9, 9], [8, 2, 2], [3, 3, 3]], [8, 9, 7]);
        Assert.Equal([0.8473, 2.4567, 0.8473, 0], scores.Select(score => Math.Round(score, 4)));
        Assert.Equal([0, 1], Expansion.Highest(scores, 2).Order());
        Assert.Equal((0, 1, 2, 4), (Expansion.Count(4, 0), Expansion.Count(4, 0.01), Expansion.Count(4, 0.5), Expansion.Count(4, 1)));
    }

    [Fact]
    public void Probabilities_of_all_orders_of_picks_sum_to_one_and_draws_follow_them()
    {
        float[] scores = [0.3f, -0.7f, 1.2f, 0];
        List<(int, int)> orders = [.. from a in Enumerable.Range(0, 4) from b in Enumerable.Range(0, 4) where a != b select (a, b)];
        var law = orders.Select(order => Math.Exp(Expansion.LogProbabilities(scores, [order.Item1, order.Item2]).Sum())).ToArray();
        Assert.Equal(1, law.Sum(), 1e-9);

        // First 2, then 0: e^1.2 / (sum 6.1666), then e^0.3 / (sum without 2, 2.8464).
        Assert.Equal(3.320117 / 6.166561 * 1.349859 / 2.846444, law[orders.IndexOf((2, 0))], 1e-6);
        var random = new SeededNumbers(5);
        var counts = new int[orders.Count];
        for (var i = 0; i < 60_000; i++)
        {
            counts[orders.IndexOf(Expansion.Draw(scores, 2, random) switch { [var a, var b] => (a, b), _ => default })]++;
        }

        Assert.InRange(ChiSquare.Deviation(counts, law), double.NegativeInfinity, 3.1);
    }

    [Fact]
    public void The_policy_learns_which_chunk_decides()
    {
        // A decoder that knows its notes as tokens and was never shown a compressed one: only the asked note expanded makes the answer likely.
        var (decoder, adapter) = TapeTests.Models();
        var trainer = new RefragTrainer(decoder, adapter, 2);
        var random = new SeededNumbers(6);

        // The answer is the first of eight fixed tokens of a salient note (its first value is always the same): learned quickly, and only readable where it is expanded.
        RefragExample Example()
        {
            var text = RecallTask.Make(random, 4, 1);
            var decisive = random.Next(4);
            int[][] notes = [.. text.Notes.Select<int[], int[]>((note, i) => i == decisive ? [note[0], 5, note[2], note[2], note[2], note[2], note[2], note[2]] : [note[0], 6 + i, note[4], note[5], note[4], note[5], note[6], note[7]])];
            return new RefragExample([1], notes, [false, false, false, false], [4, 5, notes[decisive][2]], [false, false, true]);
        }

        var optimizer = new AdamW(0.01, 250);
        for (var step = 0; step < 250; step++)
        {
            trainer.Step(optimizer, [.. Enumerable.Range(0, 8).Select(_ => Example())], parameter => !parameter.Name.StartsWith("policy", StringComparison.Ordinal));
        }

        var before = Hits();
        var policy = new AdamW(0.003, 400);
        for (var step = 0; step < 200; step++)
        {
            trainer.PolicyStep(policy, [.. Enumerable.Range(0, 6).Select(_ => Example())], new GrpoOptions { ExpandedShare = 0.25 }, random);
        }

        var after = Hits();
        Assert.True(after > 0.75 && after > before + 0.2, $"{before} to {after}");

        double Hits()
        {
            var hits = 0;
            for (var i = 0; i < 100; i++)
            {
                var example = Example();
                hits += example.Chunks[trainer.Choose(example, 1).Single()][1] == 5 ? 1 : 0;
            }

            return hits / 100.0;
        }
    }

    private float[] Logits(PromptInput prompt)
    {
        using var context = new TransformerContext(_transformer, 128, CachePrecision.F32);
        context.Read(prompt.WithoutLast());
        context.Append([(int)prompt.Keys[^1]], 1);
        return context.Logits(0).ToArray();
    }

    // Tokens 5 to 55 are the stretch: 50 of them, whole chunks of 4 are 48.
    private CompressedPrompt Compress(IChunkEncoder encoder, ChunkEmbeddings embeddings, RefragOptions options) =>
        CompressedPrompt.Of(Prompt, [(5, 55)], [60, 61], _transformer, embeddings, encoder, options, seed: 1);

    private RefragAdapter Adapter(int rate, int seed = 3) =>
        new(new RefragShape { Rate = rate, Width = 64, VocabularySize = 300, EncoderWidth = 16 }, RefragAdapter.FingerprintOf(_model.File), seed);

    private sealed class Identity(Transformer transformer) : IChunkEncoder
    {
        public int Rate => 1;

        public int Width => transformer.Weights.Shape.Width;

        public string Fingerprint => new('1', 64);

        public void Encode(ReadOnlySpan<int> tokens, Span<float> embedding) => transformer.ReadEmbedding(tokens[0], embedding);
    }
}
