using System.Text.Json.Nodes;
using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Encoders;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Encoders;

public sealed class EncoderFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public EncoderFolderTests() => _model = new EncoderFiles().Write(_folder["m"]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cls", false), InlineData("cls", true), InlineData("mean", false), InlineData("mean", true), InlineData("max", false), InlineData("sqrt", false)]
    public async Task Vectors_are_pooled_and_normalised_as_the_folder_says(string pooling, bool normalizes)
    {
        EncoderFiles.AddModules(_model, pooling, normalizes, mostTokens: 64);
        using var generator = new EncoderEmbeddingGenerator(_model, threads: 1);
        var vector = (await generator.GenerateAsync(["the lamps of Orm"]))[0].Vector.ToArray();

        using var file = Decoding.Weights.SafetensorsFile.Open(Path.Combine(_model, "model.safetensors"));
        var rows = new NaiveEncoder(file.Tensors, new EncoderFiles()).Run([2, 13, 14, 17, 15, 16, 3]); // [CLS] the lamp ##s of orm [SEP]
        double[] expected = [.. Enumerable.Range(0, 64).Select(i => pooling switch
        {
            "cls" => rows[0][i],
            "mean" => rows.Average(row => row[i]),
            "max" => rows.Max(row => row[i]),
            _ => rows.Sum(row => row[i]) / Math.Sqrt(rows.Length),
        })];
        var length = normalizes ? Math.Sqrt(expected.Sum(value => value * value)) : 1;
        Assert.All(expected.Zip(vector), pair => Assert.Equal(pair.First / length, pair.Second, 3e-5));
    }

    [Fact]
    public async Task A_folder_without_modules_gives_the_mean_of_length_one_or_what_is_asked_for()
    {
        using var plain = new EncoderEmbeddingGenerator(_model, threads: 1);
        using var asked = new EncoderEmbeddingGenerator(_model, PoolingMode.Cls, threads: 1);
        Assert.Matches("^bert:[0-9a-f]{16}/mean/80$", plain.ModelKey);
        Assert.Matches("^bert:[0-9a-f]{16}/cls/80$", asked.ModelKey);
        Assert.Equal(1, (await plain.GenerateAsync(["lamp"]))[0].Vector.ToArray().Sum(value => (double)value * value), 1e-5);
        Assert.Equal(("bert", plain.ModelKey, 64), (plain.GetService<EmbeddingGeneratorMetadata>()!.ProviderName, plain.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId, plain.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions!.Value));
    }

    [Fact]
    public async Task Texts_side_by_side_give_the_bits_of_each_alone_and_long_ones_are_read_to_their_limit()
    {
        EncoderFiles.AddModules(_model, "mean", normalizes: true, mostTokens: 10);
        using var generator = new EncoderEmbeddingGenerator(_model, threads: 4);
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => string.Join(' ', Enumerable.Repeat("the lamp of orm is a harbour town", (i % 3) + 1)).Replace("lamp", i % 2 == 0 ? "river" : "lamps", StringComparison.Ordinal))];
        var together = await generator.GenerateAsync(texts);
        for (var i = 0; i < texts.Length; i++)
        {
            Assert.Equal((await generator.GenerateAsync([texts[i]]))[0].Vector.ToArray(), together[i].Vector.ToArray());
        }

        // Of ten tokens two are special: what comes behind the eighth is not read.
        Assert.Equal((await generator.GenerateAsync(["the river of orm is a harbour town"]))[0].Vector.ToArray(), (await generator.GenerateAsync(["the river of orm is a harbour town where the lamp is"]))[0].Vector.ToArray());
        Assert.True(generator.TruncatedTexts > 0);
        Assert.Equal(10, generator.ContextTokens);
        Assert.All(together, embedding => Assert.Equal(generator.ModelKey, embedding.ModelId));
        Assert.InRange(together.Usage!.InputTokenCount!.Value, 40 * 9, 40 * 10);
    }

    [Fact]
    public void Every_file_that_changes_vectors_changes_the_key()
    {
        EncoderFiles.AddModules(_model, "mean", normalizes: true, mostTokens: 64);
        List<string> keys = [Key()];
        Change("config.json", text => text.Replace("gelu", "relu", StringComparison.Ordinal));
        Change("vocab.txt", text => text.Replace("passage", "message", StringComparison.Ordinal));
        Change("sentence_bert_config.json", text => text.Replace("64", "63", StringComparison.Ordinal));
        Change("sentence_bert_config.json", text => text.Replace("false", "true", StringComparison.Ordinal));
        Assert.EndsWith("/mean/63/lower", keys[^1], StringComparison.Ordinal);
        EncoderFiles.AddModules(_model, "cls", normalizes: true, mostTokens: 63);
        keys.Add(Key());
        EncoderFiles.AddModules(_model, "cls", normalizes: false, mostTokens: 63);
        keys.Add(Key());
        new EncoderFiles { Seed = 2 }.Write(_model);
        keys.Add(Key());
        Assert.Equal(keys.Count, keys.Distinct().Count());

        string Key() => EncoderFolder.Open(_model).Key;

        void Change(string name, Func<string, string> change)
        {
            var path = Path.Combine(_model, name);
            File.WriteAllText(path, change(File.ReadAllText(path)));
            keys.Add(Key());
        }
    }

    [Theory]
    [InlineData("model_type", "\"mpnet\"", "the model is of the type 'mpnet', this program runs bert and roberta")]
    [InlineData("model_type", null, "it does not say its 'model_type'")]
    [InlineData("position_embedding_type", "\"relative_key\"", "the model's positions are 'relative_key'")]
    [InlineData("hidden_act", "\"swish\"", "the model's activation is 'swish'")]
    [InlineData("hidden_size", "70", "a width of 70, expected a multiple of 16; 4 heads, expected a number that divides the width into multiples of 16")]
    [InlineData("hidden_size", "\"64\"", "'hidden_size' must be a whole number of 32 bits.")]
    [InlineData("hidden_size", "1e9", "'hidden_size' must be a whole number of 32 bits.")]
    [InlineData("num_hidden_layers", "2000000000", "2000000000 layers, expected 1 to 1,000")]
    [InlineData("num_attention_heads", "0", "0 heads")]
    [InlineData("max_position_embeddings", "2", "2 positions from 0 on, expected at least three")]
    [InlineData("vocab_size", null, "there is no 'vocab_size'")]
    [InlineData("is_decoder", "true", "the model is a decoder")]
    public void Measures_that_cannot_be_run_are_named(string name, string? value, string expected)
    {
        var path = Path.Combine(_model, "config.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        json.Remove(name);
        if (value is not null)
        {
            json[name] = JsonNode.Parse(value);
        }

        File.WriteAllText(path, json.ToJsonString());
        var fault = Fault();
        Assert.StartsWith(path, fault, StringComparison.Ordinal);
        Assert.Contains(expected, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Modules_that_are_not_known_or_lie_elsewhere_are_refused()
    {
        EncoderFiles.Json(_model, "modules.json", new object[] { new { type = "sentence_transformers.models.Dense", path = "2_Dense" } });
        Assert.Contains("the model has a module 'Dense', this program knows Transformer, Pooling and Normalize", Fault(), StringComparison.Ordinal);
        EncoderFiles.Json(_model, "modules.json", new object[] { new { type = "x.Pooling", path = "../elsewhere" } });
        Assert.Contains("a module lies at '../elsewhere', which is outside of the model's folder.", Fault(), StringComparison.Ordinal);
        EncoderFiles.Json(_model, "modules.json", new { });
        Assert.Contains("a JSON list is expected.", Fault(), StringComparison.Ordinal);
        EncoderFiles.AddModules(_model, "none", normalizes: true, mostTokens: 64);
        Assert.Contains("the model does not pool in one of the ways that this program knows", Fault(), StringComparison.Ordinal);
        EncoderFiles.AddModules(_model, "mean", normalizes: true, mostTokens: 2);
        Assert.Equal($"{Path.Combine(_model, "sentence_bert_config.json")}: 'max_seq_length' is 2, must be at least 3.", Fault());
        File.Delete(Path.Combine(_model, "sentence_bert_config.json"));
        EncoderFiles.Json(_model, "tokenizer_config.json", new { model_max_length = 1 });
        Assert.Equal($"{Path.Combine(_model, "tokenizer_config.json")}: 'model_max_length' is 1, must be at least 3.", Fault());
    }

    [Fact]
    public void What_is_missing_is_named_with_the_way_out()
    {
        var weights = Path.Combine(_model, "model.safetensors");
        File.Move(weights, Path.Combine(_model, "pytorch_model.bin"));
        Assert.Equal($"There is no model.safetensors in {_model}, but pytorch_model.bin: this program reads weights from one safetensors file; most models offer it for download.", Fault());
        File.Delete(Path.Combine(_model, "config.json"));
        Assert.Contains("config.json cannot be read", Fault(), StringComparison.Ordinal);
        Assert.StartsWith($"There is no folder {_folder["none"]}: an encoder is a folder with config.json, model.safetensors", Assert.Throws<AgentRagException>(() => new EncoderEmbeddingGenerator(_folder["none"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_do_not_fit_the_measures_are_named()
    {
        var path = Path.Combine(_model, "model.safetensors");
        new EncoderFiles { Layers = 1 }.Write(_folder["other"]);
        File.Copy(Path.Combine(_folder["other"], "model.safetensors"), path, overwrite: true);
        Assert.Equal($"{path} has no tensor 'encoder.layer.1.attention.self.query.weight': it is one part of several, or damaged.", Fault());
        new EncoderFiles { FeedForwardWidth = 112 }.Write(_folder["wide"]);
        File.Copy(Path.Combine(_folder["wide"], "model.safetensors"), path, overwrite: true);
        Assert.Equal($"{path}: tensor 'encoder.layer.0.intermediate.dense.weight' is 64 x 112, expected 64 x 96 by config.json: the folder is damaged.", Fault());
        new EncoderFiles { Prefix = "distilbert." }.Write(_folder["named"]);
        File.Copy(Path.Combine(_folder["named"], "model.safetensors"), path, overwrite: true);
        Assert.StartsWith($"{path} has no tensor 'embeddings.word_embeddings.weight': it is no bert encoder", Fault(), StringComparison.Ordinal);
        new EncoderFiles().Write(_model);
        File.AppendAllText(Path.Combine(_model, "vocab.txt"), "one\ntoo\nmany\n");
        Assert.Contains("is damaged: its tokenizer has 33 tokens", Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_that_are_no_numbers_are_an_error_when_they_are_used()
    {
        var path = Path.Combine(_model, "model.safetensors");
        var bytes = File.ReadAllBytes(path);
        bytes.AsSpan(bytes.Length - 40_000).Fill(0xFF);
        File.WriteAllBytes(path, bytes);
        using var generator = new EncoderEmbeddingGenerator(_model);
        Assert.Equal($"{path} makes no numbers of a text: its weights are damaged. Download it again.", (await Assert.ThrowsAsync<AgentRagException>(() => generator.GenerateAsync(["lamp", "orm"]))).Message);
    }

    [Fact]
    public async Task Cut_and_changed_files_are_errors_or_leave_it_usable()
    {
        EncoderFiles.AddModules(_model, "mean", normalizes: true, mostTokens: 64);
        new EncoderFiles().AddTokenizerJson(_model);
        var random = new Random(5);
        foreach (var name in (string[])["config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json", "tokenizer.json"])
        {
            var path = Path.Combine(_model, name);
            var sound = File.ReadAllBytes(path);
            for (var run = 0; run < 150; run++)
            {
                // Cut, with any byte in some place, or with another digit there: the last mostly stays JSON.
                byte[] changed = run % 3 == 0 ? sound[..random.Next(sound.Length)] : [.. sound];
                if (run % 3 != 0)
                {
                    changed[random.Next(changed.Length)] = (byte)(run % 3 == 1 ? random.Next(256) : '0' + random.Next(10));
                }

                File.WriteAllBytes(path, changed);
                try
                {
                    using var generator = new EncoderEmbeddingGenerator(_model, threads: 1);
                    await generator.GenerateAsync(["the lamps of Orm"]);
                }
                catch (AgentRagException)
                {
                    // Says what is wrong; the texts have tests of their own.
                }
            }

            File.WriteAllBytes(path, sound);
        }
    }

    [Fact]
    public async Task Other_dimensions_are_an_error_and_cancellation_passes_through()
    {
        using var generator = new EncoderEmbeddingGenerator(_model);
        Assert.Equal($"{_model} makes embeddings of 64 numbers, not of 3.", (await Assert.ThrowsAsync<AgentRagException>(() => generator.GenerateAsync(["lamp"], new EmbeddingGenerationOptions { Dimensions = 3 }))).Message);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["lamp"], cancellationToken: cancelled.Token));
    }

    [Theory]
    [InlineData(1), InlineData(4)]
    public async Task Cancellation_while_texts_are_encoded_ends_the_work(int threads)
    {
        using var generator = new EncoderEmbeddingGenerator(_model, threads: threads);
        using var cancelled = new CancellationTokenSource();
        var longText = string.Join(' ', Enumerable.Repeat("lamp", 100)); // more than the 80 tokens that are read, so that each is counted once it is done
        var texts = Enumerable.Repeat(longText, 100_000).ToArray(); // tens of seconds of work
        var generated = generator.GenerateAsync(texts, cancellationToken: cancelled.Token);
        Assert.True(SpinWait.SpinUntil(() => generator.TruncatedTexts > 0, TimeSpan.FromMinutes(1)));
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generated);
        Assert.InRange(generator.TruncatedTexts, 1, texts.Length - 1);

        // It can be used again.
        Assert.Single(await generator.GenerateAsync(["lamp"], cancellationToken: TestContext.Current.CancellationToken));
    }

    private string Fault() => Assert.Throws<AgentRagException>(() => new EncoderEmbeddingGenerator(_model)).Message;
}
