using AgentRag.Answering;
using AgentRag.Answering.Rewriting;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class DuplicatePassagesTests
{
    private const string Pier = "The Long Pier was built by the Tarn company in the year 1880, after two winters of storms had taken away the old wooden one and its lamp.";
    private const string Led = "The Tarn company was led by Bo Lind of Orm for thirty years, and by his daughter Ada for another twenty, until the harbour silted up.";

    private static readonly Passage Original = Passage("pier", Pier);
    private static readonly Passage Copy = Passage("pier-copy", $"\n{Pier.ToUpperInvariant()}\u200B");
    private static readonly Passage Tarn = Passage("tarn", Led);
    private static readonly Passage TarnCopy = Passage("tarn-copy", Led.Replace(" ", "  ", StringComparison.Ordinal));

    [Fact]
    public async Task A_prompt_shows_a_text_once_from_the_best_ranked_passage_and_the_answer_counts_the_rest()
    {
        var model = new ScriptedChatClient("Tarn [1]");
        List<AnswerEvent> events = [];
        var answer = await new RagAnswerer(Context(new ListRetriever(Copy, Original, Tarn, TarnCopy, Passage("bo", "Bo Lind, of Orm.")), model))
            .AnswerAsync(new AnswerRequest("Who built the pier?", new InferenceParameters(3, 0, 1), new TokenBudgetOptions()), new EventList(events), TestContext.Current.CancellationToken);

        Assert.Equal(["pier-copy#0", "tarn#0", "bo#0"], model.Sent[0].Request.Passages.Select(passage => passage.Id));
        Assert.Equal(2, answer.DuplicatePassages);
        Assert.Equal("pier-copy#0", Assert.Single(answer.Citations).PassageId);
        var retrieved = Assert.Single(events.OfType<PassagesRetrieved>());
        Assert.Equal((3, 3, 2), (retrieved.Passages.Count, retrieved.NewPassages, retrieved.Duplicates));
    }

    [Fact]
    public async Task A_copy_that_a_sub_query_brings_is_nothing_new_and_lifts_the_passage_that_is_held()
    {
        var retriever = new ListRetriever(Tarn, Original) { ByQuery = { ["Sub?"] = [Copy, TarnCopy], ["Other?"] = [Copy] } };
        var model = new ScriptedChatClient(
            "Follow up: Sub?", "Intermediate answer: Tarn [2]", "Follow up: Other?", "Intermediate answer: Tarn [2]", "So the final answer is: Tarn [2]");
        List<AnswerEvent> events = [];
        var answer = await new IterDragAnswerer(Context(retriever, model)).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(2, 0, 5), new TokenBudgetOptions()), new EventList(events), TestContext.Current.CancellationToken);

        // Two sub-queries in a row found nothing new: the copies count as what they copy.
        Assert.Equal(StopReason.NoNewPassages, answer.StopReason);
        Assert.All(answer.Trace, request => Assert.Equal(["pier#0", "tarn#0"], request.PassageIds));
        Assert.Equal(["pier#0", "tarn#0"], events.OfType<PassagesRetrieved>().ElementAt(1).Passages.Select(ranked => ranked.Passage.Id));
        Assert.Equal([0, 2, 0], events.OfType<PassagesRetrieved>().Select(retrieved => retrieved.Duplicates)); // the third time it is known
        Assert.Equal(2, answer.DuplicatePassages);
        Assert.Equal("pier#0", Assert.Single(answer.Citations).PassageId);
    }

    [Fact]
    public async Task Side_by_side_a_part_sees_the_passage_that_is_held_in_place_of_its_copy()
    {
        var retriever = new ListRetriever(Original) { ByQuery = { ["Who built it?"] = [Copy, Original, Tarn] } };
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Decompose => "Who built it?",
            GroundedTask.IntermediateAnswer => "Intermediate answer: Tarn [1]",
            _ => "So the final answer is: Tarn [1]",
        });
        var answer = await new DecomposeParallelAnswerer(Context(retriever, model)).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(2, 0, 2), new TokenBudgetOptions()), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["tarn#0", "pier#0"], answer.Trace[1].PassageIds);
        Assert.Equal(1, answer.DuplicatePassages);
        Assert.Equal("pier#0", Assert.Single(answer.Citations).PassageId);
    }

    [Fact]
    public async Task Several_searches_are_fused_by_what_their_passages_say()
    {
        // Each search ranks another copy second: together they beat what each ranks first.
        var retriever = new ListRetriever { ByQuery = { ["one"] = [Tarn, Original], ["two"] = [Passage("bo", "Bo Lind, of Orm."), Copy] } };
        var model = new ScriptedChatClient("one\ntwo", "Tarn [1]");
        var answer = await new RagAnswerer(Context(retriever, model)).AnswerAsync(
            new AnswerRequest("Who?", new InferenceParameters(2, 0, 1), new TokenBudgetOptions()) { Rewriting = QueryRewriting.MultiQuery }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("pier#0", answer.Trace[^1].PassageIds);
        Assert.DoesNotContain("pier-copy#0", answer.Trace[^1].PassageIds);
        Assert.Equal(2, answer.Trace[^1].PassageIds.Count);
        Assert.Equal(1, answer.DuplicatePassages);
    }

    [Fact]
    public async Task A_question_that_is_taken_up_again_still_knows_what_it_holds_and_what_it_left_out()
    {
        var context = Context(new ListRetriever(Original, Copy) { ByQuery = { ["Sub?"] = [TarnCopy, Copy] } }, new ScriptedChatClient());
        var loop = await IterDragLoop.StartAsync(context, new AnswerRequest("Who?", new InferenceParameters(2, 0, 2), new TokenBudgetOptions()), cancellationToken: TestContext.Current.CancellationToken);
        await loop.NextAsync(TestContext.Current.CancellationToken);
        loop.Take("Follow up: Sub?");

        var state = IterDragState.FromJson(loop.State.ToJson());
        Assert.Equal(["pier-copy#0"], state.Progress.DuplicatePassageIds);
        var restored = await IterDragLoop.RestoreAsync(context, state, id => id == Original.Id ? Original : null, cancellationToken: TestContext.Current.CancellationToken);
        var turn = await restored.NextAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["pier#0", "tarn-copy#0"], turn!.Passages.Select(passage => passage.Passage.Id));
        Assert.Equal(["pier-copy#0"], restored.State.Progress.DuplicatePassageIds); // met again, and not counted twice
    }

    [Fact]
    public async Task A_demonstration_shows_a_text_once()
    {
        var retriever = new ListRetriever(Original, Copy, Tarn) { ByQuery = { ["Sub?"] = [TarnCopy, Passage("bo", "Bo Lind, of Orm.")] } };
        var demonstration = new Demonstration { Id = "d", Question = "Who led it?", Answer = "Bo Lind", Steps = [new SelfAskStep("Sub?", "Bo Lind")], Supporting = [] };
        var store = DemonstrationStore.From([demonstration], retriever);
        var shown = Assert.Single(await store.SelectAsync("Where?", 1, 2, withSteps: true, TestContext.Current.CancellationToken));
        Assert.Equal([["pier#0", "tarn#0"], ["bo#0"]], shown.Passages.Select(batch => batch.Select(passage => passage.Id)));

        var stored = DemonstrationStore.From([demonstration with { Rankings = [[Original, Copy, Tarn], [TarnCopy]] }], retriever: null);
        shown = Assert.Single(await stored.SelectAsync("Where?", 1, 2, withSteps: true, TestContext.Current.CancellationToken));
        Assert.Equal([["pier#0", "tarn#0"], []], shown.Passages.Select(batch => batch.Select(passage => passage.Id)));
    }

    private static AnsweringContext Context(ListRetriever retriever, ScriptedChatClient model) =>
        new() { Retriever = retriever, Model = model, TokenCounter = new WordCounter(), Prompts = PromptLibrary.Default };
}
