using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class SideBySideTests
{
    private static readonly Passage[] Corpus = [Passage("a", "Ada Quist wrote the Ithrel Symphony."), Passage("b", "Ada Quist died in 1924."), Passage("c", "Bel died in 1930.")];

    [Fact]
    public async Task Sub_queries_are_looked_up_and_answered_and_the_final_request_holds_all_of_it()
    {
        var retriever = new ListRetriever(Corpus[0])
        {
            ByQuery = { ["When did Ada Quist die?"] = [Corpus[1]], ["When did Bel die?"] = [Corpus[2]] },
        };
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Decompose => "1. When did Ada Quist die?\n2. When did Bel die?",
            GroundedTask.IntermediateAnswer when request.Steps[0].SubQuery.Contains("Bel") => "Intermediate answer: 1930 [3]",
            GroundedTask.IntermediateAnswer => "Intermediate answer: 1924 [2]",
            _ => "So the final answer is: Ada Quist [2, 3]",
        });
        var answer = await AskAsync(DecomposeParallelAnswerer.Name, model, retriever, "Who died first, Ada Quist or Bel?");

        Assert.Equal("Ada Quist", answer.Text);
        Assert.Equal([new SelfAskStep("When did Ada Quist die?", "1924"), new SelfAskStep("When did Bel die?", "1930")], answer.Steps);
        Assert.Equal(4, answer.Trace.Count);
        Assert.Equal(["a#0", "b#0", "c#0"], answer.Trace[^1].PassageIds.Order());
        Assert.Equal(["b#0"], answer.Trace[1].PassageIds); // a part sees its own passages alone
        Assert.Equal(["b#0", "c#0"], answer.Citations.Select(citation => citation.PassageId));
        Assert.Equal(2, answer.ParametersUsed.N);
    }

    [Fact]
    public async Task A_part_that_stands_on_an_earlier_answer_waits_for_it()
    {
        var retriever = new ListRetriever(Corpus[0]) { ByQuery = { ["When did Ada Quist die?"] = [Corpus[1]] } };
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Decompose => "Who wrote the Ithrel Symphony?\nWhen did #1 die?",
            GroundedTask.IntermediateAnswer when request.Steps[0].SubQuery.StartsWith("When", StringComparison.Ordinal) => "Intermediate answer: 1924 [2]",
            GroundedTask.IntermediateAnswer => "Intermediate answer: Ada Quist [1]",
            _ => "So the final answer is: 1924 [2]",
        });
        var answer = await AskAsync(DecomposeParallelAnswerer.Name, model, retriever, "When did the composer of the Ithrel Symphony die?");
        Assert.Equal("1924", answer.Text);
        Assert.Equal("When did Ada Quist die?", answer.Steps[1].SubQuery);
    }

    [Fact]
    public async Task A_part_that_waits_for_itself_ends_all_the_same()
    {
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Decompose => "When did #1 die?\nWho is #9?\nWhat is #0?",
            GroundedTask.IntermediateAnswer => "Intermediate answer: not found",
            _ => "So the final answer is: not found",
        });
        var answer = await AskAsync(DecomposeParallelAnswerer.Name, model, new ListRetriever(Corpus), "Who?");
        Assert.True(answer.IsNotFound);
        Assert.Equal(["When did #1 die?", "Who is #9?", "What is #0?"], answer.Steps.Select(step => step.SubQuery));
    }

    [Fact]
    public async Task Keywords_are_searched_for_and_noted()
    {
        var retriever = new ListRetriever(Corpus[0]) { ByQuery = { ["Ada Quist"] = [Corpus[1]] } };
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Keywords => "Ada Quist, performance comparison",
            GroundedTask.IntermediateAnswer => "She died in 1924 [2]",
            _ => "So the final answer is: 1924 [2]",
        });
        var answer = await AskAsync(KeywordExpansionAnswerer.Name, model, retriever, "Wann starb Ada Quist?", language: "English");
        Assert.Equal([new SelfAskStep("Ada Quist", "She died in 1924")], answer.Steps);
        Assert.Equal(["Wann starb Ada Quist?", "Ada Quist"], retriever.Queries.Select(query => query.Text));
        Assert.Contains("in English", model.Sent[0].Messages[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_chain_of_thought_asks_once_and_retrieves_once()
    {
        var retriever = new ListRetriever(Corpus);
        var model = new ScriptedChatClient("Follow up: Who wrote it?\nIntermediate answer: Ada Quist [1]\nSo the final answer is: 1924 [2]");
        var answer = await AskAsync(ChainOfThoughtAnswerer.Name, model, retriever, "When did the composer of the Ithrel Symphony die?");
        Assert.Equal("1924", answer.Text);
        Assert.Equal([new SelfAskStep("Who wrote it?", "Ada Quist")], answer.Steps);
        Assert.Equal((1, 1), (model.Sent.Count, retriever.Queries.Count));
    }

    [Theory]
    [InlineData(220), InlineData(400), InlineData(700), InlineData(1_200)]
    public async Task Whatever_the_budget_the_final_answer_is_asked_for_and_the_budget_kept(long budget)
    {
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Decompose => string.Join('\n', Enumerable.Range(1, 5).Select(i => $"What is thing number {i}?")),
            GroundedTask.IntermediateAnswer => $"Intermediate answer: {string.Join(' ', Enumerable.Repeat("word", 60))}",
            _ => "So the final answer is: Orm",
        });
        var answer = await AskAsync(DecomposeParallelAnswerer.Name, model, new ListRetriever(Corpus), "What are the things?", budget: budget);
        Assert.Equal("Orm", answer.Text);
        Assert.True(answer.EffectiveContextTokens <= budget);
        Assert.Equal("final answer", answer.Trace[^1].Purpose);
        Assert.Equal(5, answer.Steps.Count + answer.Trimmed.Iterations);
    }

    [Fact]
    public async Task Where_money_is_tighter_than_tokens_the_parts_leave_the_final_answer_its_half()
    {
        // Nine passages of 200 words, and money for 1,900 words in all: the full final request does not fit into it.
        Passage[] corpus = [.. Enumerable.Range(0, 9).Select(i => Passage($"p{i}", string.Join(' ', Enumerable.Repeat($"w{i}", 200))))];
        var retriever = new ListRetriever(corpus);
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Decompose => "What is one?\nWhat is two?\nWhat is three?",
            GroundedTask.IntermediateAnswer => "Intermediate answer: word",
            _ => "So the final answer is: Orm",
        });
        var answer = await new DecomposeParallelAnswerer(new AnsweringContext
        {
            Retriever = retriever,
            Model = model,
            TokenCounter = new WordCounter(),
            Prices = new PriceTable(new Dictionary<string, ModelPrice> { ["scripted"] = new ModelPrice(1_000, 0) }),
        }).AnswerAsync(
            new AnswerRequest("What are the things?", new InferenceParameters(9, 0, 3), new TokenBudgetOptions { MaxCost = 1.9m }),
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("Orm", answer.Text);
        Assert.True(answer.Trace[^1].PassageIds.Count >= 3, $"The final request has {answer.Trace[^1].PassageIds.Count} passages.");
    }

    private static Task<Answer> AskAsync(
        string strategy, ScriptedChatClient model, ListRetriever retriever, string question, long budget = 65_536, string? language = null) =>
        Answerers.Create(strategy, new AnsweringContext { Retriever = retriever, Model = model, TokenCounter = new WordCounter(), DocumentLanguage = language }).AnswerAsync(
            new AnswerRequest(question, new InferenceParameters(3, 0, 5), new TokenBudgetOptions { MaxEffectiveContextTokens = budget }),
            cancellationToken: TestContext.Current.CancellationToken);
}
