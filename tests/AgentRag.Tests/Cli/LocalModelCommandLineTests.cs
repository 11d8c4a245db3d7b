using System.Text.Json;
using AgentRag.Cli;
using AgentRag.Cli.Output;
using Spectre.Console;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>The command line with models in this process: the committed test model as chat model, as tokenizer and as embedding model.</summary>
public sealed class LocalModelCommandLineTests : IDisposable
{
    private static readonly string TestModel = Path.Combine(AppContext.BaseDirectory, "TestModel", "recall.gguf");

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
    public async Task An_index_may_be_measured_in_a_model_files_tokens()
    {
        _folder.Write("docs/orm.md", "Orm is a town.\n");
        var indexed = await RunAsync(["index", _folder["docs"], "--tokenizer", TestModel, "--json"]);

        // One for the space before the text, one unknown token for each of its other characters, by UTF-8 byte where there is none.
        Assert.True(indexed.Json[0].GetProperty("tokens").GetInt64() >= "Orm is a town.".Length, indexed.Output);
        Assert.Equal(0, (await RunAsync(["retrieve", "town", "--tokenizer", TestModel])).Code);
        Assert.Contains("was written with tokenizer recall.gguf@", (await RunAsync(["retrieve", "town"])).Error, StringComparison.Ordinal);
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
