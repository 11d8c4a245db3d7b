using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Cli;
using AgentRag.Cli.Configuration;
using AgentRag.Models;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>What the program composes learns from a chat model's reports how its tokens are to be estimated.</summary>
public sealed class TokenCalibrationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_model_with_more_tokens_than_estimated_is_counted_higher_at_the_next_question_and_in_the_next_process()
    {
        await using var server = Server();
        using var first = Compose(Model(server));

        var (untaught, taught) = (await AskAsync(first), await AskAsync(first));
        using var second = Compose(Model(server));
        var reopened = await AskAsync(second);

        Assert.True(untaught.PromptTokens < untaught.ReportedInputTokens, $"The untaught estimate {untaught.PromptTokens} is not below the report {untaught.ReportedInputTokens}: this model teaches nothing.");
        Assert.InRange(taught.PromptTokens, (int)taught.ReportedInputTokens!, (int)(1.25 * taught.ReportedInputTokens)!);
        Assert.InRange(reopened.PromptTokens, (int)reopened.ReportedInputTokens!, (int)(1.25 * reopened.ReportedInputTokens)!);
        Assert.Single(Directory.EnumerateFiles(_folder["state"]));
    }

    [Fact]
    public async Task Models_of_one_name_on_different_servers_are_learned_apart()
    {
        await using var one = Server();
        await using var other = Server();
        using var first = Compose(Model(one));
        using var second = Compose(Model(other));

        await AskAsync(first);
        var untaught = await AskAsync(second);

        Assert.True(untaught.PromptTokens < untaught.ReportedInputTokens);
        Assert.Equal(2, Directory.EnumerateFiles(_folder["state"]).Count());
    }

    [Fact]
    public async Task A_key_in_the_query_of_the_servers_address_stands_in_no_file()
    {
        await using var server = Server();
        using var composition = Compose(["--model", "openai:m", "--base-url", $"{server.BaseUrl}?key=s3cret"]);

        await AskAsync(composition);

        var text = File.ReadAllText(Assert.Single(Directory.EnumerateFiles(_folder["state"])));
        Assert.Contains($"openai:m at {server.BaseUrl}", text, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_calibration_is_told_and_answers_go_on()
    {
        await using var server = Server();
        using (var before = Compose(Model(server)))
        {
            await AskAsync(before);
        }

        File.WriteAllText(Assert.Single(Directory.EnumerateFiles(_folder["state"])), "{");
        List<string> warnings = [];
        using var after = Compose(Model(server), warnings);

        var request = await AskAsync(after);

        Assert.Equal("Ada Venn [1]", request.Reply);
        Assert.Contains("this is no token calibration any more", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_offline_model_an_exact_vocabulary_and_a_measured_run_are_not_calibrated()
    {
        await using var server = Server();
        var file = _folder.Write("gpt2.tiktoken", string.Concat(Enumerable.Range(0, 256).Select(i => $"{Convert.ToBase64String([(byte)i])} {i}\n")));
        using var offline = Compose([]);
        using var exact = Compose([.. Model(server), "--tokenizer", file]);
        using var measured = Compose(Model(server), calibrates: false);

        foreach (var composition in (Composition[])[offline, exact, measured])
        {
            var context = await composition.AnsweringAsync(Cancellation);
            Assert.IsNotAssignableFrom<IChangingTokenCounter>(context.TokenCounter);
            Assert.Null(context.Model.GetService(typeof(CalibratingChatClient)));
        }
    }

    // As many tokens as half of the characters: twice as many as the estimator expects of English.
    private static ModelServer Server() => new() { ChatReply = "Ada Venn [1]", ChatTokens = characters => characters / 2 };

    private static string[] Model(ModelServer server) => ["--model", "openai:m", "--base-url", server.BaseUrl];

    private static async Task<TracedRequest> AskAsync(Composition composition)
    {
        var context = await composition.AnsweringAsync(Cancellation);
        var answer = await Answerers.Create(ZeroShotAnswerer.Name, context)
            .AnswerAsync(new AnswerRequest("Who lit the lamp of Orm, and in which of the stormy years of wrecks was that?", new(0, 0, 1), new TokenBudgetOptions()), cancellationToken: Cancellation);
        return Assert.Single(answer.Trace);
    }

    private Composition Compose(string[] args, List<string>? warnings = null, bool calibrates = true)
    {
        var command = new Command("any");
        SettingKeys.AddTo(command, SettingKeys.All);
        var settings = Settings.Read(command.Parse([.. args, "--demonstrations", "none", "--index", _folder["index"]]), new Dictionary<string, string>());
        return new Composition(settings, warnings is null ? null : new Warnings(warnings)) { CalibratesTokens = calibrates, CalibrationFolder = _folder["state"] };
    }

    private sealed class Warnings(List<string> told) : IProgress<string>
    {
        public void Report(string value) => told.Add(value);
    }
}
