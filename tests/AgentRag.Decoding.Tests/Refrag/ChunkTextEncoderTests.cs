using System.Security.Cryptography;
using System.Text;
using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Encoders;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Tests.Encoders;
using AgentRag.Decoding.Tests.Transformers;
using AgentRag.Decoding.Tokenizers;
using AgentRag.Decoding.Training;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Refrag;

/// <summary>Adapters that read chunks as texts, by a BERT or RoBERTa encoder in a folder beside them.</summary>
public sealed class ChunkTextEncoderTests : IDisposable
{
    private const int Rate = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly string _decoder;
    private readonly string _fingerprint;
    private readonly IModelTokenizer _tokenizer;
    private readonly RefragShape _shape;

    public ChunkTextEncoderTests()
    {
        _decoder = _folder["decoder.gguf"];
        RandomModel.Write(_decoder, Shapes.Llama with { ContextTokens = 1_024 }, TensorType.F32, seed: 51);
        using var file = GgufFile.Open(_decoder);
        (_fingerprint, _tokenizer) = (RefragAdapter.FingerprintOf(file), GgufTokenizer.From(file));
        _shape = new RefragShape { Rate = Rate, Width = 64, VocabularySize = 300, EncoderWidth = 32, TextEncoderWidth = 48 };
    }

    private string Adapter => _folder["adapter.safetensors"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bert", PoolingMode.Cls), InlineData("bert", PoolingMode.Mean), InlineData("roberta", PoolingMode.Max)]
    public void A_chunks_embedding_is_the_projection_of_its_texts_vector(string architecture, PoolingMode pooling)
    {
        var files = Write(architecture, pooling);
        var adapter = RefragAdapter.Open(Adapter, _fingerprint, _tokenizer);
        using var owned = adapter.TextEncoder;
        int[] tokens = [285, 278, 266, 263]; // "▁", t, h, e: the text " the"
        Assert.Equal(" the", TokenText.Of(_tokenizer, tokens));
        var embedding = new float[64];
        adapter.Encode(tokens, embedding);

        using var weights = SafetensorsFile.Open(Path.Combine(_folder["encoder"], "model.safetensors"));
        var rows = new NaiveEncoder(weights.Tensors, files).Run(architecture == "bert" ? [2, 13, 3] : [0, EncoderFiles.RobertaVocabulary.ToList().IndexOf("Ġthe"), 2]);
        double[] pooled = [.. Enumerable.Range(0, 48).Select(i => pooling switch { PoolingMode.Cls => rows[0][i], PoolingMode.Mean => rows.Average(row => row[i]), _ => rows.Max(row => row[i]) })];
        var inner = Product(pooled, "projector.0").Select(x => x / (1 + Math.Exp(-x))).ToArray();
        Assert.All(Product(inner, "projector.1").Zip(embedding), pair => Assert.Equal(pair.First, pair.Second, 2e-4));
        Assert.DoesNotContain(adapter.Parameters.All, parameter => parameter.Name.StartsWith("encoder.", StringComparison.Ordinal));

        double[] Product(double[] row, string name)
        {
            var (matrix, bias) = (adapter.Parameters[$"{name}.weight"], adapter.Parameters[$"{name}.bias"]);
            return [.. Enumerable.Range(0, matrix.Columns).Select(i => row.Select((value, k) => value * matrix.Value[(k * matrix.Columns) + i]).Sum() + bias.Value[i])];
        }
    }

    [Fact]
    public async Task Refrag_serves_with_it_keeps_embeddings_and_is_plain_decoding_when_all_is_expanded()
    {
        Write("bert", PoolingMode.Cls);
        var prompt = string.Join(' ', Enumerable.Repeat("the lamp of orm", 30));
        var options = new LocalModelOptions { Threads = 1, ContextTokens = 1_024, RefragAdapterPath = Adapter, RefragCachePath = _folder["chunks"] };
        using var client = new LocalChatClient(_decoder, options);
        var compressed = await AskAsync(client, share: 0.25);
        var report = DecodingReport.From(compressed)!;
        Assert.True(report is { IsExact: false, CompressedChunks: > 10, ExpandedChunks: > 3 }, $"{report}");

        var expanded = await AskAsync(client, share: 1);
        var plain = new ChatOptions { MaxOutputTokens = 8 };
        new DecodingOptions { Mode = DecodingMode.Plain }.AttachTo(plain);
        Assert.Equal((await client.GetResponseAsync(prompt, plain)).Text, expanded.Text);
        Assert.True(DecodingReport.From(expanded)!.IsExact);

        // The file of embeddings is the encoder's: another pooling is another encoder.
        client.Dispose();
        using (var again = new LocalChatClient(_decoder, options))
        {
            Assert.Equal(compressed.Text, (await AskAsync(again, share: 0.25)).Text);
        }

        Write("bert", PoolingMode.Mean);
        Assert.Equal($"{_folder["chunks"]} holds the embeddings of another encoder: name another file, or delete it.", Assert.Throws<AgentRagException>(() => new LocalChatClient(_decoder, options)).Message);

        async Task<ChatResponse> AskAsync(LocalChatClient asked, double share)
        {
            var request = new ChatOptions { MaxOutputTokens = 8 };
            new DecodingOptions { Mode = DecodingMode.Refrag, Refrag = new RefragOptions { KeptFirstTokens = 8, KeptLastTokens = 8, ExpandedShare = share, Policy = ExpansionPolicy.Policy } }.AttachTo(request);
            return await asked.GetResponseAsync(prompt, request);
        }
    }

    [Fact]
    public void An_encoder_that_is_another_elsewhere_or_missing_is_an_error_that_says_so()
    {
        Write("bert", PoolingMode.Cls);
        Assert.Equal($"{Adapter} reads chunks as texts, and there is no tokenizer that says what the decoder's tokens are.", Assert.Throws<AgentRagException>(() => RefragAdapter.Open(Adapter, _fingerprint)).Message);

        Files("bert", seed: 8).Write(_folder["encoder"]);
        var other = EncoderFolder.Open(_folder["encoder"]).Fingerprint;
        Assert.Equal($"{Adapter} was trained with another encoder than 'encoder' beside it is now (SHA-256 {other[..12]}…): put the one there that it was trained with.", Fault());

        Directory.Delete(_folder["encoder"], recursive: true);
        Assert.StartsWith($"There is no folder {_folder["encoder"]}: ", Fault(), StringComparison.Ordinal);

        foreach (var name in (string[])["../encoder", "/etc", "a/../../b", "a\\..\\..\\b"])
        {
            AdapterFile.Change(Adapter, "text_encoder", name);
            Assert.Equal($"{Adapter} names the encoder '{name}', which does not lie beside it or below: put its folder there.", Fault());
        }

        AdapterFile.Change(Adapter, "text_encoder_pooling", "median");
        Assert.Equal($"{Adapter} is damaged: its metadata have no 'text_encoder_pooling' of cls, mean or max, but 'median'.", Fault());
        AdapterFile.Change(Adapter, "text_encoder_width", "none");
        Assert.Equal($"{Adapter} is damaged: its metadata have no 'text_encoder_width' between 1 and 32768.", Fault());

        string Fault() => Assert.Throws<AgentRagException>(() => RefragAdapter.Open(Adapter, _fingerprint, _tokenizer)).Message;
    }

    [Theory]
    [InlineData(64, false), InlineData(80, true)] // of 80 places; the other way round than when it was trained
    public void An_encoder_whose_limit_or_case_was_changed_is_another(int mostTokens, bool lowercases)
    {
        Write("bert", PoolingMode.Cls);
        var before = Fingerprint();
        EncoderFiles.Json(_folder["encoder"], "sentence_bert_config.json", new { max_seq_length = 80, do_lower_case = false });
        Assert.Equal(before, Fingerprint()); // what the model does anyway
        Assert.Equal(EncoderFolder.Open(_folder["encoder"]).Fingerprint, before);
        RefragAdapter.Open(Adapter, _fingerprint, _tokenizer).TextEncoder!.Dispose();

        EncoderFiles.Json(_folder["encoder"], "sentence_bert_config.json", new { max_seq_length = mostTokens, do_lower_case = lowercases });
        var after = Fingerprint();
        var text = $"{before} {mostTokens} {(lowercases ? "lower" : "cased")}";
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))), after);
        Assert.Equal(
            $"{Adapter} was trained with another encoder than 'encoder' beside it is now (SHA-256 {after[..12]}…): put the one there that it was trained with.",
            Assert.Throws<AgentRagException>(() => RefragAdapter.Open(Adapter, _fingerprint, _tokenizer)).Message);

        string Fingerprint()
        {
            using var encoder = ChunkTextEncoder.Open(Adapter, "encoder", PoolingMode.Cls, _tokenizer);
            return encoder.Fingerprint;
        }
    }

    [Fact]
    public void A_width_that_the_file_does_not_have_takes_no_memory()
    {
        Write("bert", PoolingMode.Cls);
        AdapterFile.Change(Adapter, "encoder_width", "4096"); // whose first block alone would take 700 MB
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var fault = Assert.Throws<AgentRagException>(() => RefragAdapter.Open(Adapter, _fingerprint, _tokenizer)).Message;
        Assert.Equal($"{Adapter} is damaged: it has no tensor 'policy.input' of 64 x 4096.", fault);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 16_000_000);
    }

    [Fact]
    public void What_is_trained_begins_with_the_projection()
    {
        Write("bert", PoolingMode.Mean);
        var adapter = RefragAdapter.Open(Adapter, _fingerprint, _tokenizer);
        using var owned = adapter.TextEncoder;
        var gradients = new Gradients();
        var tape = new Tape(gradients, _ => true);
        var embedding = adapter.Encode(tape, [285, 278, 266, 263]);
        Array.Fill(embedding.Gradient, 1);
        tape.Backward();
        Assert.Contains(gradients.Of(adapter.Parameters["projector.0.weight"]), value => value != 0);
    }

    private static EncoderFiles Files(string architecture, int seed = 7) => new() { Architecture = architecture, Width = 48, Heads = 3, FeedForwardWidth = 64, Seed = seed };

    private EncoderFiles Write(string architecture, PoolingMode pooling)
    {
        var files = Files(architecture);
        files.Write(_folder["encoder"]);
        using var encoder = ChunkTextEncoder.Open(Adapter, "encoder", pooling, _tokenizer);
        new RefragAdapter(_shape, _fingerprint, seed: 3, encoder).Write(Adapter);
        return files;
    }
}
