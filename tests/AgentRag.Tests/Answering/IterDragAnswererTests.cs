using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class IterDragAnswererTests
{
    private static readonly Passage Pier = Passage("pier", "The Long Pier was built by Tarn.");
    private static readonly Passage Tarn = Passage("tarn", "Tarn was led by Bo Lind.");
    private static readonly Passage Bo = Passage("bo", "Bo Lind, of Orm.");

    private readonly ListRetriever _retriever = new(Pier)
    {
        ByQuery = { ["Who built the pier?"] = [Pier, Tarn], ["Who led Tarn?"] = [Tarn, Bo] },
    };

    [Fact]
    public async Task Each_request_asks_for_one_line_and_each_sub_query_adds_its_new_passages()
    {
        var model = new ScriptedChatClient(
            "Follow up: Who built the pier?",
            "Intermediate answer: Tarn [1]",
            "Follow up: Who led Tarn?",
            "Intermediate answer: Bo Lind [2]",
            "So the final answer is: Bo Lind [2]");
        var answer = await Ask(model);

        Assert.Equal("Bo Lind", answer.Text);
        Assert.Equal(StopReason.FinalAnswer, answer.StopReason);
        Assert.Equal([new SelfAskStep("Who built the pier?", "Tarn"), new SelfAskStep("Who led Tarn?", "Bo Lind")], answer.Steps);
        Assert.Equal(["next step", "intermediate answer", "next step", "intermediate answer", "next step"], answer.Trace.Select(request => request.Purpose));
        Assert.Equal([1, 2, 2, 3, 3], model.Sent.Select(sent => sent.Request.Passages.Count)); // s sub-queries: 2s + 1 requests
        Assert.Equal(["pier#0", "tarn#0"], answer.Citations.Select(citation => citation.PassageId));
        Assert.Equal(answer.Trace.Sum(request => request.PromptTokens), answer.EffectiveContextTokens);
        Assert.Equal(["Who led it?", "Who built the pier?", "Who led Tarn?"], _retriever.Queries.Select(query => query.Text));
        Assert.Equal(2, answer.ParametersUsed.N);
    }

    [Fact]
    public async Task Passages_keep_their_numbers_and_new_ones_are_appended_in_reversed_rank()
    {
        _retriever.ByQuery["Who built the pier?"] = [Tarn, Bo];
        var model = new ScriptedChatClient("Follow up: Who built the pier?", "Intermediate answer: Tarn", "So the final answer is: x");
        await Ask(model);
        Assert.Equal(["pier#0", "bo#0", "tarn#0"], Titles(model.Sent[^1]));

        static IEnumerable<string> Titles(SentRequest sent) =>
            sent.User.Split('\n').Where(line => line.StartsWith("<passage", StringComparison.Ordinal)).Select(line => line.Split('"')[3] + "#0");
    }

    [Fact]
    public async Task A_passage_that_a_sub_query_ranks_first_is_not_trimmed_as_low_ranked()
    {
        // The question ranks it fifth, the sub-query first: it outlasts those that were second to fourth.
        Passage[] corpus = [.. Enumerable.Range(1, 5).Select(i => Passage($"p{i}", "one two three"))];
        var retriever = new ListRetriever(corpus) { ByQuery = { ["Sub?"] = [corpus[4], Tarn] } };
        var model = new ScriptedChatClient("Follow up: Sub?", "Intermediate answer: x", "So the final answer is: x");
        var context = new AnsweringContext { Retriever = retriever, Model = model, TokenCounter = new WordCounter() };
        var whole = await new IterDragAnswerer(context).AnswerAsync(Request());
        var last = whole.Trace[^1].PromptTokens;

        model = new ScriptedChatClient("Follow up: Sub?", "Intermediate answer: x", "So the final answer is: x");
        var window = new TokenBudgetOptions { ContextWindowTokens = last - 1 + 10, ReservedAnswerTokens = 10 };
        var trimmed = await new IterDragAnswerer(context with { Model = model }).AnswerAsync(Request(budget: window));
        Assert.Equal(new TrimmedContent(1, 0, 0, 0), trimmed.Trace[^1].Trimmed);
        Assert.Contains("p5#0", trimmed.Trace[^1].PassageIds);
        Assert.DoesNotContain("p4#0", trimmed.Trace[^1].PassageIds);
    }

    [Fact]
    public async Task After_n_iterations_the_final_answer_is_forced()
    {
        var model = new ScriptedChatClient(
            "Follow up: Who built the pier?", "Intermediate answer: Tarn", "Follow up: Who led Tarn?", "Intermediate answer: Bo Lind", "So the final answer is: Bo Lind");
        var answer = await Ask(model, n: 2);
        Assert.Equal((StopReason.IterationLimit, "Bo Lind"), (answer.StopReason, answer.Text));
        Assert.Equal("final answer", answer.Trace[^1].Purpose);
        Assert.Equal(GroundedTask.FinalAnswer, model.Sent[^1].Request.Task);
        Assert.Equal(5, model.Sent.Count);
    }

    [Theory]
    [InlineData("Follow up: Who built the pier?")]
    [InlineData("Follow up: who built the PIER")]
    public async Task A_repeated_sub_query_forces_the_final_answer(string repeated)
    {
        var model = new ScriptedChatClient("Follow up: Who built the pier?", "Intermediate answer: Tarn", repeated, "So the final answer is: Tarn");
        var answer = await Ask(model);
        Assert.Equal((StopReason.RepeatedSubQuery, "Tarn"), (answer.StopReason, answer.Text));
        Assert.Single(answer.Steps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sub_queries_without_new_passages_are_answered_and_then_the_final_answer_is_forced(int most)
    {
        var model = new ScriptedChatClient([.. Enumerable.Range(1, most).SelectMany(i => new[] { $"Follow up: Something {i}?", "Intermediate answer: Tarn" }), "So the final answer is: Tarn"]);
        var answer = await new IterDragAnswerer(Context(model)).AnswerAsync(
            Request() with { StopRules = new StopRules { MaxSubQueriesWithoutNewPassages = most } }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((StopReason.NoNewPassages, "Tarn", most), (answer.StopReason, answer.Text, answer.Steps.Count));
        Assert.Equal(GroundedTask.FinalAnswer, model.Sent[^1].Request.Task);
    }

    [Fact]
    public async Task A_malformed_reply_is_mended_once()
    {
        var model = new ScriptedChatClient("I would say Tarn.", "So the final answer is: Tarn");
        var answer = await Ask(model);
        Assert.Equal((StopReason.FinalAnswer, "Tarn"), (answer.StopReason, answer.Text));
        Assert.Equal(["next step", "repair"], answer.Trace.Select(request => request.Purpose));
        Assert.Equal("I would say Tarn.", model.Sent[1].Messages[2].Text);
        Assert.Equal(answer.Trace.Sum(request => request.PromptTokens), answer.EffectiveContextTokens);
    }

    [Fact]
    public async Task A_reply_that_stays_malformed_forces_the_final_answer_and_that_is_taken_as_it_is()
    {
        var model = new ScriptedChatClient("hm", "hm hm", "Tarn, I think", "Tarn, really");
        var answer = await Ask(model);
        Assert.Equal((StopReason.MalformedReply, "Tarn, really"), (answer.StopReason, answer.Text));
        Assert.Equal(["next step", "repair", "final answer", "repair"], answer.Trace.Select(request => request.Purpose));
    }

    [Fact]
    public async Task A_budget_for_one_request_goes_to_the_final_answer()
    {
        var one = (await Ask(new ScriptedChatClient("So the final answer is: Tarn"))).EffectiveContextTokens;
        var model = new ScriptedChatClient("So the final answer is: Tarn");
        var answer = await Ask(model, budget: new TokenBudgetOptions { MaxEffectiveContextTokens = one + 20 });
        Assert.Equal((StopReason.TokenBudget, "Tarn"), (answer.StopReason, answer.Text));
        Assert.Equal("final answer", Assert.Single(answer.Trace).Purpose);
        Assert.Equal(new TrimmedContent(0, 0, 0, Iterations: 4), answer.Trimmed); // the first of five was the pass that answered
    }

    [Fact]
    public async Task Without_passages_the_loop_goes_on_by_what_the_model_knows()
    {
        var model = new ScriptedChatClient("Follow up: Who built the pier?", "Intermediate answer: Tarn", "So the final answer is: Tarn");
        var answer = await Ask(model, k: 0);
        Assert.Equal(StopReason.FinalAnswer, answer.StopReason);
        Assert.Empty(_retriever.Queries);
    }

    [Fact]
    public async Task The_events_tell_the_story()
    {
        List<AnswerEvent> events = [];
        await new IterDragAnswerer(Context(new ScriptedChatClient("Follow up: Who built the pier?", "Intermediate answer: Tarn", "So the final answer is: Tarn")))
            .AnswerAsync(Request(), new EventList(events), TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                typeof(Planned), typeof(PassagesRetrieved), typeof(RequestSent), typeof(UsageReported), typeof(SubQueryAsked), typeof(PassagesRetrieved), typeof(RequestSent),
                typeof(UsageReported), typeof(SubQueryAnswered), typeof(RequestSent), typeof(UsageReported), typeof(Answered),
            ],
            events.Select(happened => happened.GetType()));
        Assert.Contains(new SubQueryAsked(1, "Who built the pier?"), events);
    }

    private static AnswerRequest Request(int k = 5, int n = 5, TokenBudgetOptions? budget = null) =>
        new("Who led it?", new InferenceParameters(k, 0, n), budget ?? new TokenBudgetOptions());

    private AnsweringContext Context(ScriptedChatClient model) => new() { Retriever = _retriever, Model = model, TokenCounter = new WordCounter() };

    private Task<Answer> Ask(ScriptedChatClient model, int k = 5, int n = 5, TokenBudgetOptions? budget = null) =>
        new IterDragAnswerer(Context(model)).AnswerAsync(Request(k, n, budget), cancellationToken: TestContext.Current.CancellationToken);
}
