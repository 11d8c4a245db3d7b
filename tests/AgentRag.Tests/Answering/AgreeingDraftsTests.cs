using System.Runtime.CompilerServices;
using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class AgreeingDraftsTests
{
    private static readonly Passage Pier = Passage("pier", "The Long Pier was built by Tarn.");
    private static readonly Passage Tarn = Passage("tarn", "Tarn was led by Bo Lind.");
    private static readonly Passage Bo = Passage("bo", "Bo Lind, of Orm.");

    private readonly ListRetriever _retriever = new(Pier) { ByQuery = { ["Who built the pier?"] = [Tarn], ["Who led Tarn?"] = [Bo] } };

    [Fact]
    public async Task Two_drafts_in_a_row_that_agree_are_the_answer_and_no_further_request_is_sent()
    {
        var model = new ScriptedChatClient(
            "So the final answer is: Tarn [1]",
            "Follow up: Who built the pier?",
            "Intermediate answer: Tarn [1]",
            "So the final answer is: Bo Lind [2]",
            "Follow up: Who led Tarn?",
            "Intermediate answer: Bo Lind [2]",
            "So the final answer is: the  \"BO LIND\". [2]");
        var answer = await Ask(model, new StopRules { AgreeingDrafts = 2 });

        Assert.Equal(StopReason.DraftsAgree, answer.StopReason);
        Assert.Equal("the  \"BO LIND\".", answer.Text);
        Assert.Equal(["tarn#0", "pier#0"], answer.Citations.Select(citation => citation.PassageId).Order(StringComparer.Ordinal).Reverse());
        Assert.Equal(["draft", "next step", "intermediate answer", "draft", "next step", "intermediate answer", "draft"], answer.Trace.Select(request => request.Purpose));
        Assert.Equal(GroundedTask.Draft, model.Sent[0].Request.Task);
        Assert.Equal(2, answer.ParametersUsed.N);
        Assert.Equal(answer.Trace.Sum(request => request.PromptTokens), answer.EffectiveContextTokens);
    }

    [Fact]
    public async Task A_draft_is_asked_for_also_where_the_whole_step_is_larger_than_the_window()
    {
        var long1 = Passage("long-1", string.Join(' ', Enumerable.Repeat("word", 500)));
        var long2 = Passage("long-2", string.Join(' ', Enumerable.Repeat("other", 500)));
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Draft => "So the final answer is: Tarn",
            GroundedTask.NextStep => "Follow up: Who built the pier?",
            _ => "Intermediate answer: Tarn",
        });
        var context = new AnsweringContext { Retriever = new ListRetriever(long1, long2), Model = model, TokenCounter = new WordCounter() };
        var window = new TokenBudgetOptions { ContextWindowTokens = 800, ReservedAnswerTokens = 50, MaxEffectiveContextTokens = 60_000 };
        var answer = await new IterDragAnswerer(context).AnswerAsync(Request(new StopRules { AgreeingDrafts = 2 }, budget: window), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(StopReason.DraftsAgree, answer.StopReason);
        Assert.All(answer.Trace, request => Assert.InRange(request.PromptTokens, 1, 750));
    }

    [Fact]
    public async Task Without_the_rule_no_draft_is_asked_for()
    {
        var model = new ScriptedChatClient("Follow up: Who built the pier?", "Intermediate answer: Tarn [1]", "So the final answer is: Tarn [1]");
        var answer = await Ask(model, new StopRules());
        Assert.Equal(["next step", "intermediate answer", "next step"], answer.Trace.Select(request => request.Purpose));
    }

    [Fact]
    public async Task Drafts_that_find_nothing_or_are_no_drafts_agree_with_nothing_and_break_the_row()
    {
        var drafts = new Queue<string>(["So the final answer is: not found", "So the final answer is: Not found.", "So the final answer is: Tarn", "Tarn", "So the final answer is: Tarn"]);
        var step = 0;
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Draft => drafts.Dequeue(),
            GroundedTask.NextStep => $"Follow up: What is part {++step}?",
            GroundedTask.IntermediateAnswer => $"Intermediate answer: part {step}",
            _ => "So the final answer is: forced",
        });
        var answer = await Ask(model, new StopRules { AgreeingDrafts = 2, MaxSubQueriesWithoutNewPassages = null }, n: 5);
        Assert.Equal((StopReason.IterationLimit, "forced"), (answer.StopReason, answer.Text));
        Assert.Empty(drafts);
        Assert.DoesNotContain("repair", answer.Trace.Select(request => request.Purpose)); // a draft is not worth mending
    }

    [Fact]
    public async Task Three_drafts_must_agree_where_three_are_asked_for()
    {
        var step = 0;
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Draft => "So the final answer is: Tarn",
            GroundedTask.NextStep => $"Follow up: What is part {++step}?",
            _ => $"Intermediate answer: part {step}",
        });
        var answer = await Ask(model, new StopRules { AgreeingDrafts = 3, MaxSubQueriesWithoutNewPassages = null });
        Assert.Equal((StopReason.DraftsAgree, 3, 2), (answer.StopReason, answer.Trace.Count(request => request.Purpose == "draft"), answer.Steps.Count));
    }

    [Fact]
    public async Task A_draft_is_never_paid_for_with_the_step_that_it_comes_before()
    {
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.NextStep => "So the final answer is: Tarn [1]",
            _ => "So the final answer is: draft",
        });
        var whole = await Ask(model, new StopRules { AgreeingDrafts = 2 }, budget: new TokenBudgetOptions { MaxCalls = 3 });
        Assert.Equal(["draft", "next step"], whole.Trace.Select(request => request.Purpose));

        // Two requests: one is kept for the final answer, the other is the step's. Or tokens for the step and the final answer, a few short of the draft's.
        var few = await Ask(model, new StopRules { AgreeingDrafts = 2 }, budget: new TokenBudgetOptions { MaxCalls = 2 });
        var (draft, step) = (whole.Trace[0].PromptTokens, whole.Trace[1].PromptTokens);
        var tight = await Ask(model, new StopRules { AgreeingDrafts = 2 }, budget: new TokenBudgetOptions { MaxEffectiveContextTokens = (2 * draft) + step - 1 });
        Assert.Equal(["next step"], few.Trace.Select(request => request.Purpose));
        Assert.Equal(["next step"], tight.Trace.Select(request => request.Purpose));
        Assert.Equal(("Tarn", "Tarn"), (few.Text, tight.Text));
    }

    [Fact]
    public async Task The_answer_of_agreeing_drafts_is_streamed_once_it_is_known_to_be_the_answer()
    {
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Draft => "So the final answer is: Tarn [1]",
            GroundedTask.NextStep => "Follow up: Who built the pier?",
            _ => "Intermediate answer: Tarn [1]",
        });
        List<AnswerEvent> events = [];
        var context = new AnsweringContext { Retriever = _retriever, Model = new StreamingClient(model), TokenCounter = new WordCounter() };
        var answer = await new IterDragAnswerer(context).AnswerAsync(
            Request(new StopRules { AgreeingDrafts = 2 }) with { StreamsText = true }, new EventList(events), TestContext.Current.CancellationToken);
        Assert.Equal(StopReason.DraftsAgree, answer.StopReason);
        Assert.Equal(answer.Text, string.Concat(events.OfType<TextStreamed>().Select(streamed => streamed.Text)));
    }

    [Theory]
    [InlineData("Bo Lind", "bo  lind", true)]
    [InlineData("The Long Pier.", "\u201CLong Pier\u201D", true)]
    [InlineData("1.5 km", "15 km", false)]
    [InlineData("C#", "C", false)]
    [InlineData("-5", "5", false)]
    [InlineData("Theodor Lind", "odor Lind", false)]
    [InlineData("Bo Lind", "Bo Lindt", false)]
    public void Drafts_agree_but_for_case_white_space_an_article_and_marks_around_them(string one, string other, bool agree) =>
        Assert.Equal(agree, DraftKey.Of(one) == DraftKey.Of(other));

    [Fact]
    public void One_draft_alone_cannot_agree() =>
        Assert.Equal("Stop rules: AgreeingDrafts is 1, must be at least 2.", Assert.Throws<AgentRagException>(() => new StopRules { AgreeingDrafts = 1 }.Validated()).Message);

    private static AnswerRequest Request(StopRules rules, int n = 5, TokenBudgetOptions? budget = null) =>
        new("Who led it?", new InferenceParameters(2, 0, n), budget ?? new TokenBudgetOptions()) { StopRules = rules };

    private Task<Answer> Ask(ScriptedChatClient model, StopRules rules, int n = 5, TokenBudgetOptions? budget = null) =>
        new IterDragAnswerer(new AnsweringContext { Retriever = _retriever, Model = model, TokenCounter = new WordCounter() })
            .AnswerAsync(Request(rules, n, budget), cancellationToken: TestContext.Current.CancellationToken);

    private sealed class StreamingClient(IChatClient inner) : DelegatingChatClient(inner)
    {
        public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
            {
                yield return update;
            }
        }
    }
}
