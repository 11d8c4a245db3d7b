using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Cli;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Tokens;
using Spectre.Console;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>The command line with a drafter before the model: at a server that takes predicted outputs, and in this process.</summary>
public sealed class PredictedOutputCommandLineTests : IDisposable
{
    private const string Question = "Who died at the greater age, Emeric Jostad the painter or Matthis Arkwell the physician?";

    private static readonly string TestModel = TestModelFile.Original;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_drafters_answer_goes_to_the_model_and_what_became_of_it_is_reported()
    {
        await using var server = new ModelServer { ChatReply = "Emeric Jostad [1]" };
        await RunAsync(["index", DemoWorld.Documents]);
        string[] ask = ["ask", Question, "--strategy", "drag", "--k", "20", "--m", "0", "--model", "openai:large", "--base-url", server.BaseUrl, "--tokenizer", Bytes(), "--step-control", "none"];
        string[] predicted = [.. ask, "--draft-model", "openai:small", "--draft-tokens", "2000"];

        var answered = await RunAsync([.. predicted, "--predicted-outputs", "on", "--json", "--trace"]);
        var shown = await RunAsync([.. predicted, "--predicted-outputs", "on", "--trace"]);

        var requests = server.Requests("/v1/chat/completions");
        Assert.Equal(["small", "large", "small", "large"], requests.Select(request => request["model"]!.GetValue<string>()));
        Assert.Null(requests[0]["prediction"]);
        Assert.Equal("""{"type":"content","content":"Emeric Jostad [1]"}""", requests[1]["prediction"]!.ToJsonString());
        Assert.True(Characters(requests[0]) < Characters(requests[1]) / 2, $"{Characters(requests[0])} of {Characters(requests[1])}");
        Assert.Contains(Question, requests[0].ToJsonString(), StringComparison.Ordinal);
        var usage = answered.Json[0].GetProperty("usage").GetProperty("prediction");
        Assert.Equal((4, 1, 5, 5), (Count("acceptedTokens"), Count("rejectedTokens"), Count("draftInputTokens"), Count("draftOutputTokens")));
        Assert.Equal(4, answered.Json[0].GetProperty("trace")[0].GetProperty("prediction").GetProperty("acceptedTokens").GetInt32());

        // Drafters' requests are no part of the budget: one request was booked.
        Assert.Equal(1, answered.Json[0].GetProperty("requests").GetInt32());
        Assert.Contains("; drafts: 4 tokens accepted, 1 rejected; drafters read 5 and wrote 5, beside the budget", shown.Output, StringComparison.Ordinal);
        Assert.Contains("\n  drafts: 4 tokens accepted, 1 rejected;", shown.Output, StringComparison.Ordinal);

        // Left to itself, nothing is drafted for a server that is not known to take it, nor when it is off.
        foreach (var mode in (string[])["auto", "off"])
        {
            Assert.Equal(0, (await RunAsync([.. predicted, "--predicted-outputs", mode])).Code);
        }

        Assert.Equal(["large", "large"], server.Requests("/v1/chat/completions").Skip(4).Select(request => request["model"]!.GetValue<string>()));

        int Count(string name) => usage.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Embeddings_that_fail_leave_the_choice_of_what_is_drafted_from_to_the_words()
    {
        await using var server = new ModelServer { ChatReply = "Emeric Jostad [1]", Fault = (path, _) => path == "/v1/embeddings" ? 400 : null };
        await RunAsync(["index", DemoWorld.Documents]);

        var answered = await RunAsync(
        [
            "ask", Question, "--strategy", "drag", "--k", "20", "--m", "0", "--model", "openai:large", "--base-url", server.BaseUrl, "--tokenizer", Bytes(), "--step-control", "none", "--retriever", "linked",
            "--embeddings", "openai:hash", "--embeddings-base-url", server.BaseUrl, "--draft-model", "openai:small", "--draft-tokens", "2000", "--predicted-outputs", "on", "--json",
        ]);

        Assert.Equal(0, answered.Code);
        Assert.Single(server.Requests("/v1/embeddings"));
        var requests = server.Requests("/v1/chat/completions");
        Assert.Equal(["small", "large"], requests.Select(request => request["model"]!.GetValue<string>()));
        Assert.NotNull(requests[1]["prediction"]);
    }

    [Fact]
    public async Task An_evaluation_records_and_sums_drafts_and_plays_them_back()
    {
        await using var server = new ModelServer { ChatReply = "Emeric Jostad [1]" };
        await RunAsync(["index", DemoWorld.Documents]);
        var questions = _folder.Write("questions.jsonl", string.Concat(Enumerable.Range(0, 2).Select(i => JsonSerializer.Serialize(new { id = $"q{i}", question = $"{Question} ({i})", answers = new[] { "Emeric Jostad" } }) + "\n")));
        string[] evaluate =
        [
            "evaluate", "--questions", questions, "--strategy", "drag", "--k", "20", "--m", "0", "--n", "1", "--model", "openai:large", "--base-url", server.BaseUrl, "--step-control", "none",
            "--run", _folder["run"], "--predicted-outputs", "on", "--draft-model", "openai:small", "--draft-tokens", "500", "--json",
        ];

        var evaluated = await RunAsync(evaluate);
        var replayed = await RunAsync(["evaluate", "--replay", _folder["run"], "--json"]);
        var shown = await RunAsync(["evaluate", "--replay", _folder["run"]]);

        Assert.Equal((0, 0), (evaluated.Code, replayed.Code));
        Assert.All((Run[])[evaluated, replayed], run =>
        {
            var prediction = run.Json[^1].GetProperty("totals")[0].GetProperty("prediction");
            Assert.Equal((8, 2, 10), (prediction.GetProperty("acceptedTokens").GetInt32(), prediction.GetProperty("rejectedTokens").GetInt32(), prediction.GetProperty("draftInputTokens").GetInt32()));
        });
        Assert.Contains("Drafts: 8 tokens accepted, 2 rejected; drafters read 10 and wrote 10, beside the budget\n", shown.Output, StringComparison.Ordinal);
        Assert.Contains("mode On, drafter openai:small", evaluated.Json[^1].GetProperty("fingerprint").GetProperty("predicted outputs").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_this_process_the_drafter_reads_less_and_the_replies_are_the_same()
    {
        await RunAsync(["index", DemoWorld.Documents]);
        string[] ask = ["ask", Question, "--strategy", "drag", "--k", "12", "--m", "0", "--model", $"gguf:{TestModel}", "--context-window", "16k", "--reserved-answer-tokens", "32", "--json", "--trace"];

        var plain = await RunAsync(ask);
        var drafted = await RunAsync([.. ask, "--predicted-outputs", "auto", "--draft-tokens", "900"]);
        var embedded = await RunAsync([.. ask, "--predicted-outputs", "on", "--draft-tokens", "900", "--draft-model", $"gguf:{TestModel}", "--embeddings", $"gguf:{TestModel}", "--retriever", "linked"]);

        Assert.All((Run[])[plain, drafted, embedded], run => Assert.Equal(0, run.Code));
        Assert.Equal(Replies(plain), Replies(drafted));
        Assert.Equal(Replies(plain), Replies(embedded));
        Assert.InRange(Read(drafted), 1, Reported(drafted) / 3);
        Assert.InRange(Read(embedded), 1, Reported(drafted) / 3);

        static List<string> Replies(Run run) => [.. run.Json[0].GetProperty("trace").EnumerateArray().Select(request => request.GetProperty("reply").GetString()!)];

        static long Read(Run run) => run.Json[0].GetProperty("trace")[0].GetProperty("prediction").GetProperty("draftInputTokens").GetInt64();

        static long Reported(Run run) => run.Json[0].GetProperty("trace")[0].GetProperty("reportedInputTokens").GetInt64();
    }

    [Theory]
    [InlineData("Model 'extractive' takes no predicted outputs: OpenAI's do, gguf: models, and 'agentrag serve-model'. Leave --predicted-outputs out, or choose another model.", "--predicted-outputs", "on")]
    [InlineData("--predicted-outputs: 'maybe' is none of off, auto and on.", "--predicted-outputs", "maybe")]
    [InlineData("--draft-model: the model 'extractive' cannot draft: name a language model.", "--draft-model", "extractive")]
    [InlineData("--draft-base-url names the server of a drafting model, and none is named: add --draft-model, or leave the server out.", "--draft-base-url", "http://127.0.0.1:1/v1")]
    [InlineData("--draft-tokens: 'few' is not a number of tokens: write it as 4096, 4,096, 32k (32,000) or 1M (1,000,000).", "--draft-tokens", "few")]
    public async Task What_cannot_be_meant_is_an_error(string message, string flag, string value)
    {
        await RunAsync(["index", DemoWorld.Documents]);
        Assert.Equal(new Run(2, "", $"error: {message}\n"), await RunAsync(["ask", Question, flag, value]));
    }

    [Fact]
    public async Task A_drafter_in_this_process_has_the_window_of_its_file_and_not_that_of_the_model_behind_an_API()
    {
        await using var server = new ModelServer { ChatReply = "Emeric Jostad [1]" };
        await RunAsync(["index", DemoWorld.Documents]);

        // Keys and values of so many tokens are more than machines have memory for.
        var answered = await RunAsync([
            "ask", Question, "--strategy", "drag", "--k", "20", "--m", "0", "--model", "openai:large", "--base-url", server.BaseUrl, "--tokenizer", Bytes(), "--step-control", "none",
            "--predicted-outputs", "on", "--draft-model", $"gguf:{TestModelFile.TrainedFor(8_000, _folder["drafter.gguf"])}", "--draft-tokens", "500", "--context-window", "2000M",
            "--reserved-answer-tokens", "32"]);

        Assert.True(answered.Code == 0, answered.Error);
        var request = Assert.Single(server.Requests("/v1/chat/completions"));
        Assert.Equal("large", request["model"]!.GetValue<string>());
        Assert.NotNull(request["prediction"]);
    }

    [Fact]
    public void A_drafter_without_a_key_is_told_where_one_is_looked_for()
    {
        using var source = new ChatModelSource(Read("--model", "openai:large", "--draft-model", "anthropic:small"), () => new EstimatingTokenCounter(), () => null);

        Assert.Equal("Model 'anthropic:small' needs a key: set AGENTRAG_DRAFT_API_KEY or ANTHROPIC_API_KEY.", Assert.Throws<AgentRagException>(source.Create).Message);
    }

    [Fact]
    public void A_drafter_that_cannot_be_made_leaves_no_model_open()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Which files are mapped is read from /proc.");
        var model = _folder["answering.gguf"];
        File.Copy(TestModel, model);
        using var source = new ChatModelSource(Read("--model", $"gguf:{model}", "--draft-model", "anthropic:small"), () => new EstimatingTokenCounter(), () => null);

        Assert.Throws<AgentRagException>(source.Create);
        Assert.DoesNotContain(model, File.ReadAllText("/proc/self/maps"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_shows_the_settings()
    {
        await RunAsync(["index", DemoWorld.Documents]);
        var rows = (await RunAsync(["doctor", "--json", "--predicted-outputs", "auto", "--draft-model", "gguf:small.gguf"])).Json[0].GetProperty("settings");
        Assert.Equal(("auto", "gguf:small.gguf", "4096"), (Value("predictedOutputs"), Value("draftModel"), Value("draftTokens")));

        string Value(string name) => rows.GetProperty(name).GetProperty("value").GetString()!;
    }

    private static Settings Read(params string[] args)
    {
        var root = new RootCommand { SettingKeys.Config };
        SettingKeys.AddTo(root, SettingKeys.All);
        return Settings.Read(root.Parse(["--predicted-outputs", "on", .. args]), new Dictionary<string, string>());
    }

    private static int Characters(JsonObject request) => request["messages"]!.AsArray().Sum(message => message!["content"]!.GetValue<string>().Length);

    // A vocabulary of single bytes: counts exactly, so that nothing is learned into the user's folder.
    private string Bytes()
    {
        var path = _folder["gpt2.tiktoken"];
        if (!File.Exists(path))
        {
            _folder.Write("gpt2.tiktoken", string.Concat(Enumerable.Range(0, 256).Select(i => $"{Convert.ToBase64String([(byte)i])} {i}\n")));
        }

        return path;
    }

    private async Task<Run> RunAsync(string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(error) });
        console.Profile.Width = 10_000;
        string[] all = args.Contains("--replay") ? args : [.. args, "--index", args.Contains("--tokenizer") ? await ByteIndexAsync() : _folder["index"]];
        var code = await Task.Run(() => new CommandLine(new Terminal(output, console)).Run(all), Cancellation);
        return new(code, output.ToString(), error.ToString());
    }

    // An index is bound to the counter that measured it.
    private async Task<string> ByteIndexAsync()
    {
        var path = _folder["bytes"];
        if (!Directory.Exists(path))
        {
            var terminal = new Terminal(new StringWriter(), AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(new StringWriter()) }));
            Assert.Equal(0, await Task.Run(() => new CommandLine(terminal).Run(["index", DemoWorld.Documents, "--tokenizer", Bytes(), "--index", path]), Cancellation));
        }

        return path;
    }

    private sealed record Run(int Code, string Output, string Error)
    {
        public IReadOnlyList<JsonElement> Json => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
