using AgentRag.Answering;
using AgentRag.Answering.Rewriting;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class QuestionRewriterTests
{
    private static readonly Passage A = Passage("a", "Ada Quist died in 1924.");
    private static readonly Passage B = Passage("b", "Bel died in 1930.");
    private static readonly Passage C = Passage("c", "gamma");

    [Fact]
    public async Task A_follow_up_question_is_made_to_stand_alone_and_the_answer_names_both()
    {
        var retriever = new ListRetriever(A);
        var model = new ScriptedChatClient("When did Ada Quist die?", "1924 [1]");
        var answer = await AskAsync(model, retriever, new AnswerRequest("And when did she die?", new InferenceParameters(2, 0, 1), new TokenBudgetOptions())
        {
            History = [new ChatTurn("Who wrote the Ithrel Symphony?", "Ada Quist")],
        });
        Assert.Equal(("And when did she die?", "When did Ada Quist die?", "1924"), (answer.Question, answer.StandaloneQuestion, answer.Text));
        Assert.Equal("When did Ada Quist die?", Assert.Single(retriever.Queries).Text);
        Assert.Contains("Answer: Ada Quist", model.Sent[0].User, StringComparison.Ordinal);
        Assert.Equal(["standalone question", "answer"], answer.Trace.Select(request => request.Purpose));
        Assert.Equal(answer.Trace.Sum(request => request.PromptTokens), answer.EffectiveContextTokens);
    }

    [Fact]
    public async Task Several_wordings_are_searched_for_and_their_rankings_fused()
    {
        var retriever = new ListRetriever(C) { ByQuery = { ["death of Quist"] = [A, B], ["Quist 1924"] = [A, C] } };
        var model = new ScriptedChatClient(request => request.Task == GroundedTask.MultiQuery ? "- death of Quist\n- Quist 1924" : "1924 [1]");
        var answer = await AskAsync(model, retriever, Request(QueryRewriting.MultiQuery));
        // A: 2/61; C: 1/61 + 1/62; B: 1/62.
        Assert.Equal(["c#0", "a#0"], answer.Trace[^1].PassageIds);
        Assert.Equal(3, retriever.Queries.Count);
    }

    [Fact]
    public async Task Keywords_take_the_place_of_the_question_in_the_search_alone()
    {
        var retriever = new ListRetriever(A);
        var model = new ScriptedChatClient(request => request.Task == GroundedTask.Keywords ? "Ada Quist, death" : "1924 [1]");
        var answer = await AskAsync(model, retriever, Request(QueryRewriting.Keywords));
        Assert.Equal("Ada Quist death", Assert.Single(retriever.Queries).Text);
        Assert.Contains("Question: When did Ada Quist die?", model.Sent[^1].User, StringComparison.Ordinal);
        Assert.Null(answer.StandaloneQuestion);
    }

    [Fact]
    public async Task Where_the_answer_would_go_short_the_question_stays_as_it_is()
    {
        var model = new ScriptedChatClient("1924 [1]");
        var answer = await AskAsync(model, new ListRetriever(A), Request(QueryRewriting.MultiQuery) with { Budget = new TokenBudgetOptions { MaxEffectiveContextTokens = 200 } });
        Assert.Equal("answer", Assert.Single(answer.Trace).Purpose);
        Assert.Equal("1924", answer.Text);
    }

    [Fact]
    public void A_passage_scores_by_its_ranks_in_all_rankings()
    {
        var fused = FusedRankings.ByReciprocalRank([new([new RankedPassage(A, 1, 9), new RankedPassage(B, 2, 8)], []), new([new RankedPassage(B, 1, 3)], [])], 5);
        Assert.Equal([("b#0", 1, (1.0 / 62) + (1.0 / 61)), ("a#0", 2, 1.0 / 61)], fused.Passages.Select(found => (found.Passage.Id, found.Rank, found.Score)));
    }

    [Fact]
    public void Copies_of_what_is_not_among_the_best_are_not_told()
    {
        DistinctRanking[] rankings =
        [
            new([new RankedPassage(A, 1, 9)], [new RankedPassage(A with { Id = "a#9" }, 2, 8)]),
            new([new RankedPassage(A, 1, 9), new RankedPassage(B, 2, 8)], [new RankedPassage(B with { Id = "b#9" }, 3, 7)]),
        ];
        var fused = FusedRankings.ByReciprocalRank(rankings, 1);
        Assert.Equal(["a#0"], fused.Passages.Select(found => found.Passage.Id));
        Assert.Equal(["a#9"], fused.Copies.Select(copy => copy.Passage.Id));
    }

    private static AnswerRequest Request(QueryRewriting rewriting) =>
        new("When did Ada Quist die?", new InferenceParameters(2, 0, 1), new TokenBudgetOptions()) { Rewriting = rewriting };

    private static Task<Answer> AskAsync(ScriptedChatClient model, ListRetriever retriever, AnswerRequest request) =>
        new RagAnswerer(new AnsweringContext { Retriever = retriever, Model = model, TokenCounter = new WordCounter() })
            .AnswerAsync(request, cancellationToken: TestContext.Current.CancellationToken);
}
