using AgentRag.Answering;
using AgentRag.Authoring;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Authoring;

public sealed class DemonstrationBuilderTests : IDisposable
{
    // Each question is answered as its id says.
    private static readonly LabelledQuestion[] Questions =
    [
        Question("good", "Where was the author of Salt born?", "Orm"),
        Question("wrong", "Where was the author of Sand born?", "Elsewhere"),
        Question("straight", "Who wrote Salt?", "Ida Ree"),
        Question("blind", "Where was the author of Silt born?", "Orm"),
        Question("nowhere", "How tall was the author of Soot?"),
        Question("again", "where was the AUTHOR of Salt born", "Orm"),
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly ListRetriever _retriever = new(Passage("salt", "x"), Passage("sea", "y"), Passage("ida", "z"))
    {
        ByQuery = { ["Who wrote Salt?"] = [Passage("ida", "z"), Passage("salt", "x")] },
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Traces_with_steps_and_a_right_answer_are_kept_and_the_others_are_counted()
    {
        var result = await Builder(Answering(), Options()).RunAsync(Questions, _folder["pool.jsonl"]);

        Assert.Equal(["good", "nowhere"], result.Pool.Select(demonstration => demonstration.Id));
        var yield = result.Yield;
        Assert.Equal((5, 5, 4, 3, 2, 1), (yield.Questions, yield.Asked, yield.Correct, yield.WithSteps, yield.Kept, yield.Repeated));
        Assert.Equal(
            [(TraceOutcome.WrongAnswer, 1), (TraceOutcome.NoSteps, 1), (TraceOutcome.StepNotFound, 1)],
            yield.NotKept.OrderBy(reason => reason.Key).Select(reason => (reason.Key, reason.Value)));
        Assert.Equal(BuildEnd.AllAsked, result.End);
        Assert.Equal(5, yield.Tries);
        Assert.Equal(3 + 3 + 1 + 3 + 3, yield.Requests); // follow up, intermediate answer, final answer; one for the straight one
    }

    [Fact]
    public async Task A_kept_trace_shows_the_gold_answer_its_steps_and_the_passages_of_question_and_steps()
    {
        await Builder(Answering(), Options() with { Correct = CorrectAnswer.ContainsGold })
            .RunAsync([Question("good", "Where was the author of Salt born?", "orm.")], _folder["pool.jsonl"]);

        var kept = Assert.Single(await DemonstrationFile.LoadAsync(_folder["pool.jsonl"]));
        Assert.Equal("orm.", kept.Answer);
        Assert.Equal([new SelfAskStep("Who wrote Salt?", "Ida Ree")], kept.Steps);
        Assert.Equal([["salt#0", "sea#0"], ["ida#0", "salt#0"]], kept.Rankings!.Select(ranking => ranking.Select(passage => passage.Id)));
        Assert.Equal(("iterdrag", "scripted", "list", 2, "v1"), (kept.Origin!.Strategy, kept.Origin.Model, kept.Origin.Retriever, kept.Origin.K, kept.Origin.IndexVersion));
    }

    [Theory]
    [InlineData(CorrectAnswer.ExactMatch, 0), InlineData(CorrectAnswer.ContainsGold, 1)]
    public async Task An_answer_that_contains_the_gold_one_is_right_only_if_so_asked(CorrectAnswer rule, int kept)
    {
        var model = new ScriptedChatClient(request => Reply(request, final: "the town of Orm"));
        var result = await Builder(model, Options() with { Correct = rule }).RunAsync([Questions[0]], _folder["pool.jsonl"]);
        Assert.Equal(kept, result.Pool.Count);
    }

    [Fact]
    public async Task The_shortest_trace_of_several_tries_wins_and_later_tries_are_asked_at_their_own_temperature()
    {
        // At temperature 0 two steps, with the second try's seed one.
        ScriptedChatClient? model = null;
        model = new ScriptedChatClient(request => request.Task == GroundedTask.NextStep && request.Steps.Count == 1 && model!.Sent[^1].Options.Seed is null
            ? "Follow up: Where was Ida Ree born?"
            : Reply(request));
        var tries = new[] { Try(2), Try(3) with { Temperature = 0.7f, Seed = 1 }, Try(2) with { Seed = 2 } };

        var result = await Builder(model, Options() with { Tries = tries }).RunAsync([Questions[0]], _folder["pool.jsonl"]);

        Assert.Equal((1, 3), (Assert.Single(result.Pool).Steps.Count, result.Pool[0].Origin!.K));
        // The second trace has one step, and none is shorter: the third try is not made.
        Assert.Equal(2, result.Yield.Tries);
        Assert.Equal([0f, 0.7f], model.Sent.Select(sent => sent.Options.Temperature!.Value).Distinct());
    }

    [Fact]
    public async Task Killed_anywhere_nothing_is_lost_and_nothing_is_asked_twice()
    {
        await Builder(Answering(), Options()).RunAsync(Questions, _folder["whole.jsonl"]);
        var (pool, log) = (File.ReadAllBytes(_folder["whole.jsonl"]), File.ReadAllBytes(DemonstrationBuilder.LogPathOf(_folder["whole.jsonl"])));
        var ends = log.Index().Where(place => place.Item == '\n').Select(place => place.Index + 1).ToList();
        Assert.Equal(1 + 5, ends.Count);
        int[] requests = [3, 3, 1, 3, 3];

        foreach (var length in Enumerable.Range(0, log.Length / 53).Select(i => i * 53).Append(log.Length).Concat(ends).Concat(ends.Select(end => end - 1)))
        {
            File.WriteAllBytes(DemonstrationBuilder.LogPathOf(_folder["pool.jsonl"]), log[..length]);
            var model = Answering();
            var result = await Builder(model, Options()).RunAsync(Questions, _folder["pool.jsonl"]);

            Assert.Equal(pool, File.ReadAllBytes(_folder["pool.jsonl"]));
            Assert.Equal(log, File.ReadAllBytes(DemonstrationBuilder.LogPathOf(_folder["pool.jsonl"])));
            Assert.Equal(requests.Skip(Math.Max(ends.Count(end => end <= length) - 1, 0)).Sum(), model.Sent.Count);
            Assert.Equal(5, result.Yield.Tries);
        }
    }

    [Fact]
    public async Task More_questions_may_be_added_later_and_an_edited_one_is_asked_again()
    {
        await Builder(Answering(), Options()).RunAsync(Questions[..1], _folder["pool.jsonl"]);
        var model = Answering();
        var result = await Builder(model, Options()).RunAsync([Questions[2], Questions[0], Questions[4]], _folder["pool.jsonl"]);
        Assert.Equal(["good", "nowhere"], result.Pool.Select(demonstration => demonstration.Id));
        Assert.Equal(1 + 3, model.Sent.Count);

        model = Answering();
        result = await Builder(model, Options()).RunAsync([Questions[0] with { Answers = ["Elsewhere"] }], _folder["pool.jsonl"]);
        Assert.Empty(result.Pool);
        Assert.Equal(3, model.Sent.Count);
    }

    [Fact]
    public async Task The_token_limit_is_never_exceeded_and_a_higher_one_goes_on()
    {
        var whole = await Builder(Answering(), Options()).RunAsync(Questions, _folder["whole.jsonl"]);
        var step = whole.Yield.EffectiveContextTokens / 7;
        foreach (var limit in Enumerable.Range(0, 9).Select(i => Options().Budget.MaxEffectiveContextTokens + (i * step)))
        {
            var result = await Builder(Answering(), Options() with { MaxTokens = limit }).RunAsync(Questions, _folder["pool.jsonl"]);
            Assert.InRange(result.Yield.EffectiveContextTokens, 1, limit);
            Assert.Equal(result.Yield.Asked == 5 ? BuildEnd.AllAsked : BuildEnd.TokenLimit, result.End);
            Assert.Equal(result.Pool.Select(demonstration => demonstration.Id), (await DemonstrationFile.LoadAsync(_folder["pool.jsonl"])).Select(demonstration => demonstration.Id));
        }

        Assert.Equal(
            "Building demonstrations: the token limit is 3,999, below the budget of one question, 4,000: raise the limit or lower the budget.",
            Assert.Throws<AgentRagException>(() => (Options() with { MaxTokens = 3_999 }).Validated()).Message);
    }

    [Fact]
    public async Task The_cost_limit_is_never_exceeded_and_a_higher_one_comes_to_the_same_pool()
    {
        var prices = new PriceTable(new Dictionary<string, ModelPrice> { ["scripted"] = new ModelPrice(1_000, 2_000) });
        var context = Context(Answering()) with { Prices = prices };
        var whole = await new DemonstrationBuilder(context, Options()).RunAsync(Questions, _folder["whole.jsonl"]);
        Assert.True(whole.Yield.Cost > 0);
        for (var share = 1; ; share++)
        {
            // The reserved answers of 512 tokens must be paid beforehand: 1.024 each.
            var limit = whole.Yield.Cost.Value * share / 4;
            var result = await new DemonstrationBuilder(context, Options() with { MaxCost = limit }).RunAsync(Questions, _folder["pool.jsonl"]);
            Assert.InRange(result.Yield.Cost ?? 0, 0, limit);
            if (result.End == BuildEnd.AllAsked)
            {
                Assert.True(share > 4); // some tries had been cut short and were paid twice
                Assert.Equal(File.ReadAllText(_folder["whole.jsonl"]), File.ReadAllText(_folder["pool.jsonl"]));
                break;
            }

            Assert.Equal(BuildEnd.CostLimit, result.End);
            Assert.True(share < 100);
        }
    }

    [Fact]
    public async Task A_cost_limit_needs_the_model_s_price()
    {
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => Builder(Answering(), Options() with { MaxCost = 1 }).RunAsync(Questions, _folder["pool.jsonl"]));
        Assert.Equal("There is a cost limit, but the prices do not name the model 'scripted': name it with --prices FILE, or leave the limit out.", fault.Message);
        Assert.Equal([], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task A_log_of_other_settings_is_refused_and_begun_anew_only_when_asked()
    {
        await Builder(Answering(), Options()).RunAsync(Questions[..1], _folder["pool.jsonl"]);
        var other = Options() with { Tries = [Try(3)] };

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => Builder(Answering(), other).RunAsync(Questions[..1], _folder["pool.jsonl"]));
        Assert.Equal(
            $"{_folder["pool.jsonl"]}.work.jsonl: this build was begun with other settings: tries was k=2, m=0, n=3, temperature=, seed= and is k=3, m=0, n=3, temperature=, seed=. " +
            "Give the old ones to go on, another --output, or --force to begin anew.",
            fault.Message);

        var anew = await Builder(Answering(), other with { Anew = true }).RunAsync(Questions[..1], _folder["pool.jsonl"]);
        Assert.Equal((1, 3), (anew.Yield.Tries, anew.Pool[0].Origin!.K));
    }

    [Fact]
    public async Task A_failed_try_is_asked_again_by_the_next_run_and_what_it_sent_is_counted()
    {
        var fails = true;
        var model = new ScriptedChatClient(request => fails && request.Steps.Count > 0 ? throw new AgentRagException("The model is gone.") : Reply(request));
        var first = await Builder(model, Options()).RunAsync(Questions[..1], _folder["pool.jsonl"]);
        Assert.Equal([(TraceOutcome.Failed, 1)], first.Yield.NotKept.Select(reason => (reason.Key, reason.Value)));
        Assert.True(first.Yield.EffectiveContextTokens > 0);

        fails = false;
        var second = await Builder(model, Options()).RunAsync(Questions[..1], _folder["pool.jsonl"]);
        Assert.Single(second.Pool);
        Assert.Equal(2, second.Yield.Tries);
    }

    [Fact]
    public async Task A_model_that_keeps_failing_ends_the_build()
    {
        var model = new ScriptedChatClient(_ => throw new AgentRagException("The model is gone."));
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => Builder(model, Options() with { MaxFailuresInARow = 3 }).RunAsync(Questions, _folder["pool.jsonl"]));
        Assert.Equal("3 tries in a row failed, the last with: The model is gone. What is finished is kept; run again to go on.", fault.Message);
        Assert.Equal(3, model.Sent.Count);
    }

    [Fact]
    public async Task Two_builds_cannot_write_one_log()
    {
        using var log = BuildLog.Open(DemonstrationBuilder.LogPathOf(_folder["pool.jsonl"]), new Dictionary<string, string>(), anew: false);
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => Builder(Answering(), Options()).RunAsync(Questions, _folder["pool.jsonl"]));
        Assert.StartsWith($"{_folder["pool.jsonl"]}.work.jsonl: the work log cannot be opened; is another build writing it?", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_log_is_left_alone()
    {
        var path = _folder.Write("pool.jsonl.work.jsonl", "{\"id\":\"a\"}\n");
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => Builder(Answering(), Options() with { Anew = true }).RunAsync(Questions, _folder["pool.jsonl"]));
        Assert.Equal($"{path}: this is no work log of a build: give another --output, or move the file away.", fault.Message);
        Assert.Equal("{\"id\":\"a\"}\n", File.ReadAllText(path));
    }

    [Fact]
    public async Task For_drag_labelled_questions_get_their_passages_and_no_model_is_asked()
    {
        var model = new ScriptedChatClient();
        var question = Questions[0] with { Decomposition = [new LabelledStep("Who wrote Salt?", "Ida Ree"), new LabelledStep("Where was #1 born?", "Orm")] };
        var result = await Builder(model, Options() with { Strategy = "drag" }).RunAsync([question, Questions[2]], _folder["pool.jsonl"]);

        Assert.Empty(model.Sent);
        Assert.Equal(["good", "straight"], result.Pool.Select(demonstration => demonstration.Id));
        Assert.Equal([["salt#0", "sea#0"], ["ida#0", "salt#0"], ["salt#0", "sea#0"]], result.Pool[0].Rankings!.Select(ranking => ranking.Select(passage => passage.Id)));
        Assert.Equal("Where was Ida Ree born?", _retriever.Queries[2].Text);
    }

    [Fact]
    public async Task Progress_tells_the_time_to_go_at_the_pace_of_this_run()
    {
        var time = new ManualTime();
        await Builder(Answering(), Options()).RunAsync(Questions[..1], _folder["pool.jsonl"]);
        List<DemonstrationBuildProgress> told = [];
        var model = new ScriptedChatClient(request =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return Reply(request);
        });
        await new DemonstrationBuilder(Context(model), Options(), time).RunAsync(Questions[..3], _folder["pool.jsonl"], new Told(told));

        // The first question was done before: it says nothing about the pace. The second takes three requests, the third one.
        Assert.Equal([null, TimeSpan.FromSeconds(3), TimeSpan.Zero], told.Select(progress => progress.Remaining));
        Assert.Equal([1, 2, 3], told.Select(progress => progress.Done));
    }

    private static LabelledQuestion Question(string id, string question, params string[] answers) => new() { Id = id, Question = question, Answers = answers, Supporting = ["salt"] };

    private static BuildTry Try(int k) => new(new InferenceParameters(k, 0, 3));

    private static DemonstrationBuildOptions Options() => new() { Tries = [Try(2)], Budget = new TokenBudgetOptions { MaxEffectiveContextTokens = 4_000 }, IndexVersion = "v1" };

    private static ScriptedChatClient Answering() => new(request => Reply(request));

    private static string Reply(GroundedRequest request, string final = "Orm") => (request.Task, request.Question) switch
    {
        (GroundedTask.NextStep, "Who wrote Salt?") => "So the final answer is: Ida Ree",
        (GroundedTask.NextStep, _) when request.Steps.Count == 0 => "Follow up: Who wrote Salt?",
        (GroundedTask.IntermediateAnswer, "Where was the author of Silt born?") => "Intermediate answer: not found",
        (GroundedTask.IntermediateAnswer, _) => "Intermediate answer: Ida Ree",
        (_, "How tall was the author of Soot?") => "So the final answer is: not found",
        _ => $"So the final answer is: {final}",
    };

    private DemonstrationBuilder Builder(ScriptedChatClient model, DemonstrationBuildOptions options) => new(Context(model), options);

    private AnsweringContext Context(ScriptedChatClient model) => new() { Retriever = _retriever, Model = model, TokenCounter = new WordCounter() };

    private sealed class Told(List<DemonstrationBuildProgress> told) : IProgress<DemonstrationBuildProgress>
    {
        public void Report(DemonstrationBuildProgress value) => told.Add(value);
    }
}
