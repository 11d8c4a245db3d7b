using System.Text.Json;
using AgentRag.Cli;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using Spectre.Console;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>The command line with models in this process: the committed test model as chat model, as tokenizer and as embedding model.</summary>
public sealed class LocalModelCommandLineTests : IDisposable
{
    private static readonly string TestModel = TestModelFile.Original;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_demo_world_is_embedded_by_a_model_file_and_asked_hybrid()
    {
        string[] embeddings = ["--embeddings", $"gguf:{TestModel}"];
        var indexed = await RunAsync(["index", DemoWorld.Documents, "--json", .. embeddings]);
        var again = await RunAsync(["index", "--json", .. embeddings]);
        var ranked = await RunAsync(["retrieve", "Who designed the bridge?", "--explain", "--retriever", "hybrid", "--json", .. embeddings]);

        // A model trained on made-up notes finds nothing of this world: its ranking weighs little here.
        var answered = await RunAsync([
            "ask", "Who died at the greater age, Emeric Jostad the painter or Matthis Arkwell the physician?", "--json", "--retriever", "hybrid", "--fusion-weights", "50,1", .. embeddings]);

        var made = indexed.Json[0].GetProperty("embeddings");
        Assert.Equal(64, made.GetProperty("dimensions").GetInt32());
        Assert.Matches("^gguf:[0-9a-f]{16}/mean$", made.GetProperty("model").GetString());
        Assert.True(made.GetProperty("embedded").GetInt32() > 20);
        Assert.Equal((0, made.GetProperty("embedded").GetInt32()), (again.Json[0].GetProperty("embeddings").GetProperty("embedded").GetInt32(), again.Json[0].GetProperty("embeddings").GetProperty("reused").GetInt32()));
        var parts = ranked.Json[0].GetProperty("passages")[0].GetProperty("explanation").GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("description").GetString()!.Split(':')[0]);
        Assert.Equal(["linked", "dense"], parts);
        Assert.Equal((0, 0), (ranked.Code, answered.Code));
        Assert.Equal("Emeric Jostad the painter", answered.Json[0].GetProperty("answer").GetString());
    }

    [Fact]
    public async Task A_changed_model_file_is_an_error_with_the_way_out_and_the_way_out_works()
    {
        var model = _folder["model.gguf"];
        File.Copy(TestModel, model);
        _folder.Write("docs/orm.md", "# Orm\n\nOrm is a harbour town with a lamp.\n");
        string[] embeddings = ["--embeddings", $"gguf:{model}"];
        await RunAsync(["index", _folder["docs"], .. embeddings]);
        var before = Store();
        var bytes = File.ReadAllBytes(model);
        bytes[^1] ^= 1; // a weight's last bit
        File.WriteAllBytes(model, bytes);

        var retrieved = await RunAsync(["retrieve", "lamp", "--retriever", "hybrid", .. embeddings]);
        var forced = await RunAsync(["index", "--json", "--force-embeddings", .. embeddings]);

        var now = forced.Json[0].GetProperty("embeddings").GetProperty("model").GetString();
        Assert.NotEqual(before, now);
        Assert.Equal(
            (2, $"error: The vectors of index '{_folder["index"]}' were made with embedding model {before} (64 dimensions), this run uses {now} (64 dimensions): " +
                "use that model again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.\n"),
            (retrieved.Code, retrieved.Error));
        Assert.Equal(0, (await RunAsync(["retrieve", "lamp", "--retriever", "hybrid", .. embeddings])).Code);

        string Store() => JsonDocument.Parse(File.ReadAllText(_folder["index/vectors/vectors.json"])).RootElement.GetProperty("model").GetString()!;
    }

    [Fact]
    public async Task Doctor_tries_the_model_file_and_says_what_it_makes()
    {
        _folder.Write("docs/orm.md", "# Orm\n\nOrm is a harbour town with a lamp.\n");
        string[] embeddings = ["--embeddings", $"gguf:{TestModel}"];
        await RunAsync(["index", _folder["docs"], .. embeddings]);

        var good = await RunAsync(["doctor", "--json", .. embeddings]);
        var bad = await RunAsync(["doctor", "--json", "--embeddings", $"gguf:{_folder["none.gguf"]}"]);

        var check = Check(good);
        Assert.True(check.GetProperty("good").GetBoolean());
        Assert.Matches($"^gguf:{TestModel} makes vectors of 64 dimensions from up to 1,024 tokens in this process; its key is gguf:[0-9a-f]{{16}}/mean$", check.GetProperty("text").GetString());
        Assert.Equal((0, 2), (good.Code, bad.Code));
        Assert.StartsWith($"Model file {_folder["none.gguf"]} cannot be read: ", Check(bad).GetProperty("text").GetString(), StringComparison.Ordinal);

        static JsonElement Check(Run run) => run.Json[0].GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == "embeddings");
    }

    [Fact]
    public async Task Passages_that_the_model_cannot_read_whole_are_told_of()
    {
        // Every character is a token of the test model, which reads 1,024.
        _folder.Write("docs/long.txt", string.Join(' ', Enumerable.Range(0, 150).Select(i => $"lampposts number{i}")));
        _folder.Write("docs/short.txt", "Orm is a town.");
        var indexed = await RunAsync(["index", _folder["docs"], "--passage-tokens", "2000", "--embeddings", $"gguf:{TestModel}"]);
        Assert.Equal(
            (0, "hint: 1 text had more than the 1,024 tokens that the embedding model reads, and what follows is not in their vectors: cut smaller passages with --force --passage-tokens.\n"),
            (indexed.Code, indexed.Error));
    }

    [Fact]
    public async Task A_model_files_requests_are_counted_by_its_own_tokenizer_unless_another_is_named()
    {
        await RunAsync(["index", DemoWorld.Documents]);
        var bytes = _folder.Write("gpt2.tiktoken", string.Concat(Enumerable.Range(0, 256).Select(i => $"{Convert.ToBase64String([(byte)i])} {i}\n")));
        await RunAsync(["index", DemoWorld.Documents, "--tokenizer", bytes, "--index", _folder["bytes"]]);
        string[] ask = ["ask", "Who designed the Skarn Bridge?", "--model", $"gguf:{TestModel}", "--k", "1", "--m", "0", "--n", "1", "--trace", "--json", "--reserved-answer-tokens", "16"];

        var counted = await RunAsync([.. ask, "--context-window", "16k"]);
        var otherwise = await RunAsync([.. ask, "--context-window", "16k", "--tokenizer", bytes, "--index", _folder["bytes"]]);
        var tooSmall = await RunAsync(ask);

        Assert.Equal(0, counted.Code);
        Assert.All(Requests(counted), request => Assert.Equal(request.Prompt, request.Reported));
        Assert.All(Requests(otherwise), request => Assert.NotEqual(request.Prompt, request.Reported));

        // Left to itself, the window is the model's own, which is too small for these prompts.
        Assert.Equal(2, tooSmall.Code);
        Assert.Matches(@"^error: The question alone takes [\d,]+ tokens and the context window has 1,008 beside the 16 reserved for the answer: ", tooSmall.Error);

        static List<(long Prompt, long Reported)> Requests(Run run) =>
            [.. run.Json[0].GetProperty("trace").EnumerateArray().Select(request => (request.GetProperty("promptTokens").GetInt64(), request.GetProperty("reportedInputTokens").GetInt64()))];
    }

    [Fact]
    public async Task Allocation_measures_prompts_in_the_model_files_tokens()
    {
        await RunAsync(["index", DemoWorld.Documents]);
        string[] allocate = ["allocate", "--budget", "200k", "--context-window", "128k", "--json"];
        var estimated = await RunAsync(allocate);
        var exact = await RunAsync([.. allocate, "--model", $"gguf:{TestModel}"]);

        // Of this vocabulary every character is a token, and three or more are one for the estimator.
        Assert.Equal((0, 0), (estimated.Code, exact.Code));
        Assert.All((string[])["passageTokens", "instructionTokens", "demonstrationTokens"], size => Assert.InRange(Size(exact, size), 2.5 * Size(estimated, size), 8 * Size(estimated, size)));

        static double Size(Run run, string name) => run.Json[0].GetProperty("sizes").GetProperty(name).GetDouble();
    }

    [Fact]
    public async Task Allocation_plans_for_the_window_that_the_model_file_is_run_with()
    {
        await RunAsync(["index", DemoWorld.Documents]);
        var (trained, trainedFor100k) = (TestModelFile.TrainedFor(20_000, _folder["20k.gguf"]), TestModelFile.TrainedFor(100_000, _folder["100k.gguf"]));

        var own = await AllocateAsync(trained);
        Assert.Equal(0, own.Code);
        Assert.Equal((await AllocateAsync(trained, "--context-window", "20000")).Output, own.Output);
        Assert.NotEqual((await AllocateAsync(trained, "--context-window", "128k")).Output, own.Output);
        Assert.Equal((await AllocateAsync(trainedFor100k, "--context-window", "32768")).Output, (await AllocateAsync(trainedFor100k)).Output);
        Assert.Contains("a gguf: model's own, at most 32,768", SettingKeys.ContextWindow.Option.Description, StringComparison.Ordinal);

        // 1,024 tokens are too few for instructions that take one for each character.
        var small = await AllocateAsync(TestModel);
        Assert.Equal(2, small.Code);
        Assert.Matches(
            @"^error: Instructions and question take about [\d,]+ tokens and the context window has 512 beside the 512 reserved for the answer: a model with a larger one is needed\.\n$", small.Error);

        Task<Run> AllocateAsync(string file, params string[] more) => RunAsync(["allocate", "--budget", "200k", "--explain", "--json", "--model", $"gguf:{file}", .. more]);
    }

    [Fact]
    public async Task An_index_may_be_measured_in_a_model_files_tokens()
    {
        _folder.Write("docs/orm.md", "Orm is a town.\n");
        var indexed = await RunAsync(["index", _folder["docs"], "--tokenizer", TestModel, "--json"]);

        // One for the space before the text, one unknown token for each of its other characters, by UTF-8 byte where there is none.
        Assert.True(indexed.Json[0].GetProperty("tokens").GetInt64() >= "Orm is a town.".Length, indexed.Output);
        Assert.Equal(0, (await RunAsync(["retrieve", "town", "--tokenizer", TestModel])).Code);
        Assert.Contains("was written with tokenizer recall.gguf@", (await RunAsync(["retrieve", "town"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encoder_folder_embeds_with_the_prefixes_it_wants_and_is_known_by_its_content()
    {
        var folder = WriteEncoder(seed: 1);
        _folder.Write("docs/orm.md", "# Orm\n\nOrm is a harbour town with a lamp.\n");
        _folder.Write("docs/lisk.md", "# Lisk\n\nThe Lisk is a river.\n");
        string[] embeddings = ["--embeddings", $"bert:{folder}"];

        var indexed = await RunAsync(["index", _folder["docs"], "--json", "--passage-prefix", "passage: ", "--query-prefix", "query: ", .. embeddings]);
        var ranked = await RunAsync(["retrieve", "lamp", "--retriever", "dense", "--json", .. embeddings]);
        var doctor = await RunAsync(["doctor", "--json", .. embeddings]);
        var hinted = await RunAsync(["index", _folder.Write("docs/more.md", "# More\n\nMore of the river.\n")]);
        WriteEncoder(seed: 2);
        var changed = await RunAsync(["retrieve", "lamp", "--retriever", "dense", .. embeddings]);

        var made = indexed.Json[0].GetProperty("embeddings");
        var key = made.GetProperty("model").GetString()!;
        Assert.Equal((2, 16), (made.GetProperty("embedded").GetInt32(), made.GetProperty("dimensions").GetInt32()));
        Assert.Matches("^bert:[0-9a-f]{16}/mean/40$", key);
        Assert.Equal(2, ranked.Json[0].GetProperty("passages").GetArrayLength());
        Assert.Contains($"makes vectors of 16 dimensions from up to 40 tokens in this process; its key is {key}", doctor.Output, StringComparison.Ordinal);
        Assert.Equal($"hint: The index has vectors of {key}, which this run did not bring up to date: add --embeddings as when they were made.\n", hinted.Error);
        Assert.Equal(2, changed.Code);
        Assert.StartsWith($"error: The vectors of index '{_folder["index"]}' were made with embedding model {key} (16 dimensions), this run uses bert:", changed.Error, StringComparison.Ordinal);
        Assert.StartsWith($"error: There is no folder {_folder["none"]}: an encoder is a folder with", (await RunAsync(["retrieve", "lamp", "--retriever", "dense", "--embeddings", $"bert:{_folder["none"]}"])).Error, StringComparison.Ordinal);
    }

    // A BERT of one layer with random weights, as Hugging Face has it.
    private string WriteEncoder(int seed)
    {
        const int Width = 16;
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "lamp", "orm", "lisk", "river", "is", "a", "harbour", "town", ".", ":", "query", "passage"];
        _folder.Write("encoder/vocab.txt", string.Concat(vocabulary.Select(token => $"{token}\n")));
        _folder.Write("encoder/config.json", $$"""
            {"model_type": "bert", "num_hidden_layers": 1, "hidden_size": {{Width}}, "num_attention_heads": 1, "intermediate_size": 32, "vocab_size": {{vocabulary.Length}}, "max_position_embeddings": 40}
            """);
        List<(string Name, int[] Shape)> tensors =
        [
            ("embeddings.word_embeddings.weight", [vocabulary.Length, Width]), ("embeddings.position_embeddings.weight", [40, Width]), ("embeddings.token_type_embeddings.weight", [2, Width]),
            .. Norm("embeddings.LayerNorm"),
            .. ((string[])["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]).SelectMany(name => Linear(name, Width, Width)),
            .. Linear("intermediate.dense", 32, Width), .. Linear("output.dense", Width, 32), .. Norm("encoder.layer.0.attention.output.LayerNorm"), .. Norm("encoder.layer.0.output.LayerNorm"),
        ];
        var random = new Random(seed);
        var (header, values) = (new Dictionary<string, object>(), new MemoryStream());
        foreach (var (name, shape) in tensors)
        {
            var start = values.Length;
            for (var i = 0; i < shape.Aggregate(1, (product, length) => product * length); i++)
            {
                values.Write(BitConverter.GetBytes((float)random.NextDouble() - 0.5f));
            }

            header[name] = new { dtype = "F32", shape, data_offsets = (long[])[start, values.Length] };
        }

        // Files in the wild hold such a table of whole numbers, which nobody reads.
        header["embeddings.position_ids"] = new { dtype = "I64", shape = (int[])[1, 2], data_offsets = (long[])[values.Length, values.Length + 16] };
        values.Write(new byte[16]);
        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        File.WriteAllBytes(_folder["encoder/model.safetensors"], [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. values.ToArray()]);
        return _folder["encoder"];

        static (string, int[])[] Norm(string name) => [($"{name}.weight", [Width]), ($"{name}.bias", [Width])];

        static (string, int[])[] Linear(string name, int rows, int columns) => [($"encoder.layer.0.{name}.weight", [rows, columns]), ($"encoder.layer.0.{name}.bias", [rows])];
    }

    private async Task<Run> RunAsync(string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(error) });
        console.Profile.Width = 10_000;
        var code = await Task.Run(() => new CommandLine(new Terminal(output, console)).Run(args.Contains("--index") ? args : [.. args, "--index", _folder["index"]]), Cancellation);
        return new(code, output.ToString(), error.ToString());
    }

    private sealed record Run(int Code, string Output, string Error)
    {
        public IReadOnlyList<JsonElement> Json => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
