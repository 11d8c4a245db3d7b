using AgentRag.Allocation;
using AgentRag.Allocation.Routing;
using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Allocation;

public sealed class RoutingTests
{
    private static readonly Passage[] Corpus = [Passage("a", "Ada Quist wrote the Ithrel Symphony."), Passage("b", "Ada Quist died in 1924."), Passage("c", "gamma")];

    [Theory]
    [InlineData("Who wrote it?", QuestionComplexity.Simple)]
    [InlineData("What is the difference between Orm and Bel?", QuestionComplexity.Moderate)]
    [InlineData("What came after Orm, and what came then?", QuestionComplexity.Complex)]
    [InlineData("What is the afternoon of Athens?", QuestionComplexity.Simple)] // "after" and "then" only inside words
    [InlineData("How large is Orm compared\tto Bel?", QuestionComplexity.Moderate)]
    public void The_rule_counts_signal_words(string question, QuestionComplexity expected) => Assert.Equal(expected, ComplexityRule.Classify(question));

    [Theory]
    [InlineData(QuestionComplexity.Simple, 128_000, 20, 4, 1)]
    [InlineData(QuestionComplexity.Simple, 6_000, 10, 4, 1)] // 6,000 / 600
    [InlineData(QuestionComplexity.Moderate, 128_000, 50, 16, 2)]
    [InlineData(QuestionComplexity.Complex, 128_000, 53, 32, 4)] // 128,000 / 2,400 = 53.3
    [InlineData(QuestionComplexity.Complex, 100, 1, 32, 4)]
    public void A_class_has_its_parameters(QuestionComplexity complexity, long budget, int k, int m, int n) =>
        Assert.Equal(new InferenceParameters(k, m, n), Tier.ParametersFor(complexity, budget));

    [Fact]
    public void The_small_tier_fits_its_budget_as_it_is()
    {
        // (m + 1) k t = 5 * 10 * 130
        var plan = Plan(Tier.Small);
        Assert.Equal((Tier.Small.Parameters, 6_500, "drag"), (plan.Planned, plan.PlannedTokens, plan.Strategy));
        Assert.Empty(plan.Shrunk);
    }

    [Fact]
    public void The_medium_tier_costs_four_times_its_budget_by_the_papers_accounting_and_is_shrunk()
    {
        // (2n + 1) m k t + k t (n^2 + 3n + 1) = 5 * 16 * 6,500 + 11 * 6,500 = 591,500 tokens of 128,000; with m = 4: 130,000 + 71,500 = 201,500, still too many;
        // then the largest k with k * 130 * (20 + 11) <= 128,000 is 31.
        var plan = Plan(Tier.Medium);
        Assert.Equal(new InferenceParameters(31, 4, 2), plan.Planned);
        Assert.Equal(124_930, plan.PlannedTokens);
        Assert.Equal(["k 50 -> 31", "m 16 -> 4"], plan.Shrunk);
        Assert.Equal("iterdrag", plan.Strategy);
    }

    [Fact]
    public void A_plan_never_costs_more_than_the_budget_unless_nothing_is_left_to_give_up()
    {
        var random = new Random(7);
        var shrunk = 0;
        for (var i = 0; i < 2_000; i++)
        {
            var bounds = new InferenceParameters(random.Next(0, 1001), random.Next(0, 257), random.Next(1, 6));
            var sizes = new TokenSizes { PassageTokens = random.Next(1, 600), DemonstrationPassageTokens = random.Next(1, 600), InstructionTokens = random.Next(0, 400) };
            var budget = new TokenBudgetOptions { MaxEffectiveContextTokens = random.Next(500, 2_000_000), ContextWindowTokens = random.Next(2_000, 1_000_000) };
            var plan = ParameterPlan.Shrink(bounds, budget, sizes, maxK: random.Next(0, 2000), maxM: random.Next(0, 300));
            Assert.True(plan.PlannedTokens <= budget.MaxEffectiveContextTokens, $"{bounds} -> {plan.Planned} takes {plan.PlannedTokens} of {budget.MaxEffectiveContextTokens}");
            Assert.True(plan.Planned.K <= bounds.K && plan.Planned.M <= bounds.M && plan.Planned.N <= bounds.N);
            shrunk += plan.Shrunk.Count;
        }

        Assert.True(shrunk > 2_000, "The cases do not reach what they are to test.");
    }

    [Fact]
    public async Task A_simple_question_is_answered_in_one_pass_and_the_request_that_sorted_it_is_paid_from_the_same_budget()
    {
        var model = new ScriptedChatClient("SIMPLE", "Ada Quist [1]");
        var answer = await AskAsync(RoutedAnswerer.Name, model, "Who wrote the Ithrel Symphony?");
        Assert.Equal(("Ada Quist", "auto"), (answer.Text, answer.Strategy));
        Assert.Equal(["classify", "answer"], answer.Trace.Select(request => request.Purpose));
        Assert.Equal(answer.Trace.Sum(request => request.PromptTokens), answer.EffectiveContextTokens);
        var attempt = Assert.Single(answer.Routing!.Attempts);
        Assert.Equal(("SIMPLE", "drag", new InferenceParameters(3, 0, 1)), (attempt.Class, attempt.Strategy, attempt.Parameters));
        Assert.Equal(["k 20 -> 3", "m 4 -> 0"], attempt.Shrunk);
    }

    [Fact]
    public async Task A_complex_question_goes_step_by_step()
    {
        var model = new ScriptedChatClient("complex.", "Follow up: Who wrote it?", "Intermediate answer: Ada Quist [1]", "So the final answer is: 1924 [2]");
        var answer = await AskAsync(RoutedAnswerer.Name, model, "When did the composer of the Ithrel Symphony die?");
        Assert.Equal("1924", answer.Text);
        Assert.Equal(("COMPLEX", "iterdrag"), (answer.Routing!.Attempts[0].Class, answer.Routing.Attempts[0].Strategy));
    }

    [Fact]
    public async Task A_reply_that_names_no_class_leaves_the_question_to_the_rule()
    {
        var answer = await AskAsync(RoutedAnswerer.Name, new ScriptedChatClient("2", "Ada Quist [1]"), "Who wrote the Ithrel Symphony?");
        Assert.Equal("SIMPLE", answer.Routing!.Attempts[0].Class);
    }

    [Fact]
    public async Task Escalation_stops_at_the_first_answer_with_evidence()
    {
        var model = new ScriptedChatClient("Ada Quist [1]");
        var answer = await AskAsync(EscalatingAnswerer.Name, model, "Who wrote the Ithrel Symphony?");
        var attempt = Assert.Single(answer.Routing!.Attempts);
        Assert.Equal(("small", 1.0), (attempt.Class, attempt.Quality));
        Assert.Single(model.Sent);
    }

    [Fact]
    public async Task An_answer_without_evidence_is_tried_again_with_more_and_all_attempts_are_in_trace_and_totals()
    {
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Answer => "not found",
            GroundedTask.NextStep => "So the final answer is: 1924 [2]",
            _ => throw new InvalidOperationException(request.Task.ToString()),
        });
        var answer = await AskAsync(EscalatingAnswerer.Name, model, "When did the composer of the Ithrel Symphony die?");
        Assert.Equal(("1924", "escalate"), (answer.Text, answer.Strategy));
        Assert.Equal([("small", 0.0), ("medium", 1.0)], answer.Routing!.Attempts.Select(attempt => (attempt.Class, attempt.Quality!.Value)));
        Assert.Equal(model.Sent.Count, answer.Trace.Count);
        Assert.Equal(answer.Trace.Sum(request => request.PromptTokens), answer.EffectiveContextTokens);
    }

    [Fact]
    public async Task When_no_tier_is_good_enough_the_best_answer_is_kept_and_the_budget_too()
    {
        var model = new ScriptedChatClient(request => request.Task == GroundedTask.Answer ? "Orm" : "So the final answer is: not found");
        var answer = await AskAsync(EscalatingAnswerer.Name, model, "When did the composer of the Ithrel Symphony die?", budget: 6_000);
        Assert.Equal("Orm", answer.Text);
        Assert.InRange(answer.EffectiveContextTokens, 1, 6_000);
        Assert.True(answer.Routing!.Attempts.Count >= 2);
    }

    [Fact]
    public async Task The_model_may_grade_answers()
    {
        var model = new ScriptedChatClient("Orm", "Grade: 3", "So the final answer is: Bel [1]", "9");
        var answer = await AskAsync(EscalatingAnswerer.Name, model, "Who?", new RoutingOptions { AsksModelForQuality = true, MaxK = 3, MaxM = 0 });
        Assert.Equal([0.3, 0.9], answer.Routing!.Attempts.Select(attempt => attempt.Quality!.Value));
        Assert.Equal("Bel", answer.Text);
    }

    [Fact]
    public void An_unknown_strategy_is_an_error_that_names_all() => Assert.Equal(
        "There is no strategy 'best': use one of zero-shot, many-shot, rag, cot, drag, decompose-parallel, keyword-expansion, iterdrag, auto, escalate.",
        Assert.Throws<AgentRagException>(() => Strategies.Create("best", Context(new ScriptedChatClient()))).Message);

    private static ParameterPlan Plan(Tier tier) => ParameterPlan.Shrink(
        tier.Parameters,
        new TokenBudgetOptions { MaxEffectiveContextTokens = tier.MaxEffectiveContextTokens, ContextWindowTokens = 2_000_000 },
        new TokenSizes(),
        maxK: 10_000,
        maxM: 256);

    private static Task<Answer> AskAsync(string strategy, ScriptedChatClient model, string question, RoutingOptions? options = null, long budget = 65_536) =>
        Strategies.Create(strategy, Context(model), options ?? new RoutingOptions { MaxK = 3, MaxM = 0 }).AnswerAsync(
            new AnswerRequest(question, new InferenceParameters(5, 2, 5), new TokenBudgetOptions { MaxEffectiveContextTokens = budget }),
            cancellationToken: TestContext.Current.CancellationToken);

    private static AnsweringContext Context(ScriptedChatClient model) =>
        new() { Retriever = new ListRetriever(Corpus), Model = model, TokenCounter = new WordCounter() };
}
