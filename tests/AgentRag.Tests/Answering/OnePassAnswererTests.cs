using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class OnePassAnswererTests
{
    private static readonly Passage[] Corpus = [Passage("a", "alpha text"), Passage("b", "beta text"), Passage("c", "gamma text")];
    private static readonly TokenBudgetOptions Budget = new();

    [Theory]
    [InlineData("zero-shot", 0, 0)]
    [InlineData("many-shot", 0, 2)]
    [InlineData("rag", 3, 0)]
    [InlineData("drag", 3, 2)]
    public async Task Each_strategy_sends_its_own_parts_in_one_request(string strategy, int passages, int demonstrations)
    {
        var model = new ScriptedChatClient("Orm");
        var answer = await Answerers.Create(strategy, Context(model)).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(3, 2, 5), Budget), cancellationToken: TestContext.Current.CancellationToken);

        var sent = Assert.Single(model.Sent);
        Assert.Equal(passages, sent.Request.Passages.Count);
        Assert.Equal(GroundedTask.Answer, sent.Request.Task);
        Assert.Equal(new InferenceParameters(passages, demonstrations, 1), answer.ParametersUsed);
        Assert.Equal(new InferenceParameters(3, 2, 5), answer.ParametersAsked);
        Assert.Equal(("Orm", strategy, "scripted", StopReason.FinalAnswer), (answer.Text, answer.Strategy, answer.Model, answer.StopReason));
    }

    [Fact]
    public async Task The_trace_tells_what_was_sent_and_the_tokens_are_those_of_the_messages()
    {
        var model = new ScriptedChatClient("alpha [1]");
        var answer = await new DragAnswerer(Context(model)).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(2, 1, 1), Budget), cancellationToken: TestContext.Current.CancellationToken);

        var counter = new WordCounter();
        var expected = model.Sent[0].Messages.Sum(message => counter.Count(message.Text) + 4) + 3;
        Assert.Equal(expected, answer.EffectiveContextTokens);
        var request = Assert.Single(answer.Trace);
        Assert.Equal("answer", request.Purpose);
        Assert.Equal(expected, request.PromptTokens);
        Assert.Equal(["b#0", "a#0"], request.PassageIds); // best last
        Assert.Equal(["d1"], request.DemonstrationIds);
        Assert.Equal("alpha [1]", request.Reply);
        Assert.Equal(["a#0"], answer.Citations.Select(citation => citation.PassageId));
        Assert.Equal("alpha", answer.Text);
    }

    [Fact]
    public async Task What_does_not_fit_is_left_out_and_reported()
    {
        var model = new ScriptedChatClient("Orm", "Orm");
        var whole = await Ask(model, Budget);
        var trimmed = await Ask(model, Budget with { MaxEffectiveContextTokens = whole.EffectiveContextTokens - 1 });

        Assert.Equal(TrimmedContent.None, whole.Trimmed);
        Assert.Equal(new TrimmedContent(1, 0, 0, 0), trimmed.Trimmed);
        Assert.Equal(4, trimmed.ParametersUsed.K);
        Assert.True(trimmed.EffectiveContextTokens < whole.EffectiveContextTokens);

        static Task<Answer> Ask(ScriptedChatClient model, TokenBudgetOptions budget) =>
            new RagAnswerer(Context(model, [.. Corpus, Passage("d", "x"), Passage("e", "y")])).AnswerAsync(
                new AnswerRequest("Who?", new InferenceParameters(5, 0, 1), budget), cancellationToken: TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_question_that_does_not_fit_alone_is_an_error_with_both_numbers()
    {
        var model = new ScriptedChatClient("never");
        var question = string.Join(' ', Enumerable.Repeat("word", 5_000));
        var e = await Assert.ThrowsAsync<AgentRagException>(() => new RagAnswerer(Context(model)).AnswerAsync(
            new AnswerRequest(question, new InferenceParameters(3, 0, 1), Budget with { MaxEffectiveContextTokens = 4_096 })));
        Assert.Matches(@"^The question alone takes 5,\d{3} tokens and the budget is 4,096: shorten it or raise the budget\.$", e.Message);
        Assert.Empty(model.Sent);
    }

    [Fact]
    public async Task A_question_that_does_not_fit_into_the_window_is_an_error_that_names_the_window()
    {
        var budget = new TokenBudgetOptions { ContextWindowTokens = 30, ReservedAnswerTokens = 20 };
        var e = await Assert.ThrowsAsync<AgentRagException>(() => new RagAnswerer(Context(new ScriptedChatClient("never"))).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(3, 0, 1), budget)));
        Assert.Matches(
            @"^The question alone takes \d+ tokens and the context window has 10 beside the 20 reserved for the answer: shorten it, reserve less, or choose a model with a larger window\.$",
            e.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n ")]
    [InlineData("<think>only thoughts")]
    public async Task A_reply_without_text_is_an_error_and_not_a_statement_about_the_documents(string reply) => Assert.Equal(
        "The model scripted replied without any text to answer with: try again, allow longer answers if it thinks before it answers, or choose another model.",
        (await Assert.ThrowsAsync<AnswerFailedException>(() => new RagAnswerer(Context(new ScriptedChatClient(reply))).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(3, 0, 1), Budget)))).Message);

    [Fact]
    public async Task Events_come_in_order_and_end_with_the_answer()
    {
        List<AnswerEvent> events = [];
        var answer = await new RagAnswerer(Context(new ScriptedChatClient("Orm"))).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(2, 0, 1), Budget), new EventList(events), TestContext.Current.CancellationToken);

        Assert.Equal(
            [typeof(Planned), typeof(PassagesRetrieved), typeof(RequestSent), typeof(UsageReported), typeof(Answered)], events.Select(happened => happened.GetType()));
        Assert.Same(answer, Assert.IsType<Answered>(events[^1]).Answer);
    }

    [Fact]
    public async Task All_parameters_out_of_range_are_named() => Assert.Equal(
        "Inference parameters: k is -1, must be in [0, 1000]; m is 257, must be in [0, 256]; n is 0, must be in [1, 32].",
        (await Assert.ThrowsAsync<AgentRagException>(() => new RagAnswerer(Context(new ScriptedChatClient())).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(-1, 257, 0), Budget)))).Message);

    [Fact]
    public void An_unknown_strategy_is_an_error() => Assert.Equal(
        "There is no strategy 'magic': use one of zero-shot, many-shot, rag, cot, drag, decompose-parallel, keyword-expansion, iterdrag.",
        Assert.Throws<AgentRagException>(() => Answerers.Create("magic", Context(new ScriptedChatClient()))).Message);

    [Fact]
    public async Task Cancellation_passes_through() => await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new RagAnswerer(Context(new ScriptedChatClient("x")))
        .AnswerAsync(new AnswerRequest("Who?", new InferenceParameters(1, 0, 1), Budget), cancellationToken: new CancellationToken(canceled: true)));

    private static AnsweringContext Context(ScriptedChatClient model, Passage[]? corpus = null) => new()
    {
        Retriever = new ListRetriever(corpus ?? Corpus),
        Model = model,
        TokenCounter = new WordCounter(),
        Demonstrations = DemonstrationStore.From(
            [
                new LabelledQuestion { Id = "d1", Question = "First?", Answers = ["one"] },
                new LabelledQuestion { Id = "d2", Question = "Second?", Answers = ["two"] },
            ],
            new ListRetriever(Corpus)),
    };
}
