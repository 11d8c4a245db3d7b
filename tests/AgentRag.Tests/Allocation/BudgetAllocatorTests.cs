using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Allocation;

public sealed class BudgetAllocatorTests
{
    // A replay of table 8 on the paper's grid with 130 tokens a passage, demonstrations with k passages: no other costs.
    [Theory]
    [InlineData(0, 0, 16_000, "drag", 50, 1, 1, 0.66)]
    [InlineData(0, 0, 32_000, "drag", 100, 1, 1, 0.80)]
    [InlineData(0, 0, 128_000, "drag", 200, 2, 1, 0.92)]
    [InlineData(0, 0, 1_000_000, "drag", 1000, 4, 1, 1.05)]
    [InlineData(0, 0, 16_000, "iterdrag", 10, 2, 1, 0.23)]
    [InlineData(0, 0, 32_000, "iterdrag", 20, 2, 1, 0.47)]
    [InlineData(0, 0, 128_000, "iterdrag", 100, 1, 1, 0.80)]
    [InlineData(0, 0, 1_000_000, "iterdrag", 500, 2, 1, 1.00)]
    [InlineData(2, 0.5, 16_000, "drag", 50, 1, 1, 0.15)]
    [InlineData(2, 0.5, 32_000, "drag", 100, 1, 1, 0.30)]
    [InlineData(2, 0.5, 128_000, "drag", 100, 8, 1, 0.50)]
    [InlineData(2, 0.5, 1_000_000, "drag", 1000, 4, 1, 0.78)]
    [InlineData(2, 0.5, 16_000, "iterdrag", 10, 2, 1, -0.18)]
    [InlineData(2, 0.5, 32_000, "iterdrag", 20, 2, 1, 0.01)]
    [InlineData(2, 0.5, 128_000, "iterdrag", 20, 4, 3, 0.32)] // (20, 2, 4) costs the same 122,200 tokens and is predicted lower, 0.305
    [InlineData(2, 0.5, 1_000_000, "iterdrag", 100, 8, 3, 0.66)]
    public void The_published_model_chooses_what_the_replay_says(
        double document, double demonstration, int budget, string strategy, int k, int m, int n, double predicted)
    {
        var allocation = Allocate(budget, new Informativeness(document, demonstration));
        var chosen = strategy == "drag" ? allocation.Drag! : allocation.IterDrag!;
        Assert.Equal(new InferenceParameters(k, m, n), chosen.Parameters);
        Assert.Equal(predicted, chosen.PredictedZ, tolerance: 0.006);
        Assert.True(chosen.PlannedTokens <= budget);
    }

    [Theory] // 0 is ε: the first demonstration is worth it, the second is not (m* = 0.45 for one pass); with five iterations the second still is (m* = 1.7)
    [InlineData("drag", 1, 0.45)]
    [InlineData("iterdrag", 2, 1.7)]
    public void The_best_number_of_demonstrations_is_that_of_the_closed_form(string strategy, int whole, double expected)
    {
        // Passages and demonstrations share a budget: k · (1 + m) for one pass, k · (41 + 11 m) for five iterations. With r = w_m / w_k the optimum is at
        // m* = r / (1 − r), times 41 / 11.
        var (weights, budget) = (PerformanceEquation.Published.A, 50_000_000.0);
        var r = weights.M / weights.K;
        var closed = (strategy == "drag" ? 1 : 41.0 / 11) * r / (1 - r);
        Assert.Equal(0.311, r, tolerance: 5e-4);
        Assert.Equal(expected, closed, tolerance: 0.05);

        var (n, perPassage) = strategy == "drag" ? (1, 1.0) : (5, 41.0);
        double Linear(double m) => (weights.K * Math.Log((budget / 130 / (strategy == "drag" ? 1 + m : perPassage + (11 * m))) + 0.01)) + (weights.M * Math.Log(m + 0.01));
        Assert.Equal(whole, Enumerable.Range(0, 20).MaxBy(m => Linear(m)));
        Assert.Equal(closed, Enumerable.Range(1, 3000).Select(i => i / 1000.0).MaxBy(Linear), tolerance: 0.02); // ε moves it by 0.01

        // The token sizes that the closed form is made of are ours.
        var sizes = new TokenSizes();
        Assert.Equal(130 * 100 * (strategy == "drag" ? 1 + 7 : 41 + (11 * 7)), sizes.Of(strategy, new InferenceParameters(100, 7, n)), precision: 6);
    }

    [Theory]
    [InlineData(127_999, "drag")]
    [InlineData(128_000, "iterdrag")]
    public void Iterdrag_is_recommended_from_the_budget_on_at_which_it_wins_in_the_paper(int budget, string expected) =>
        Assert.Equal(expected, Allocate(budget, Informativeness.Unknown).Recommended.Strategy);

    [Fact]
    public void Token_sizes_of_iterdrag_add_up_over_its_requests()
    {
        // n = 2: five requests with 1, 2, 2, 3, 3 batches of k = 10 passages of 100 tokens, each with 50 of instructions and 2 demonstrations of 10 * 100 + 7.
        var sizes = new TokenSizes { PassageTokens = 100, DemonstrationPassageTokens = 100, DemonstrationTokens = 7, InstructionTokens = 50 };
        Assert.Equal((11 * 10 * 100) + (5 * (50 + (2 * 1007))), sizes.IterDrag(new InferenceParameters(10, 2, 2)));
        Assert.Equal(50 + (3 * 10 * 100) + (2 * 1007), sizes.LargestIterDragRequest(new InferenceParameters(10, 2, 2)));
        Assert.Equal(50 + (10 * 100) + (2 * 1007), sizes.Drag(new InferenceParameters(10, 2, 1)));
    }

    [Fact]
    public void Token_sizes_of_the_other_strategies_add_up_over_their_requests()
    {
        // k = 10, m = 2, n = 3; a demonstration shows two retrievals.
        var sizes = new TokenSizes { PassageTokens = 100, DemonstrationPassageTokens = 50, DemonstrationTokens = 20, DemonstrationRetrievals = 2, InstructionTokens = 7 };
        var parameters = new InferenceParameters(10, 2, 3);
        // Splitting 7; three parts of 7 + 1,000; the last: 7 + 4 · 1,000 + 2 · (2 · 500 + 20).
        Assert.Equal(7 + (3 * 1_007) + (7 + 4_000 + 2_040), sizes.Of("decompose-parallel", parameters));
        Assert.Equal(sizes.Of("decompose-parallel", parameters), sizes.Of("keyword-expansion", parameters));
        Assert.Equal(7 + 4_000 + 2_040, sizes.LargestRequest("decompose-parallel", parameters));
        // One request with the question's passages and the same demonstrations.
        Assert.Equal(7 + 1_000 + 2_040, sizes.Of("cot", parameters));
        Assert.Equal(7 + 1_000 + (2 * 520), sizes.Of("drag", parameters));
        Assert.True(sizes.Of("a stranger", parameters) >= sizes.Of("decompose-parallel", parameters));
    }

    [Fact]
    public void A_request_larger_than_the_window_is_never_planned()
    {
        var budget = new TokenBudgetOptions { MaxEffectiveContextTokens = 1_000_000, ContextWindowTokens = 10_000, ReservedAnswerTokens = 500 };
        var allocation = BudgetAllocator.Allocate(new AllocationRequest(budget, new TokenSizes()));
        Assert.True(new TokenSizes().Drag(allocation.Drag!.Parameters) <= 9_500);
        Assert.True(new TokenSizes().LargestIterDragRequest(allocation.IterDrag!.Parameters) <= 9_500);
    }

    [Fact]
    public void No_more_passages_and_demonstrations_are_planned_than_there_are()
    {
        var allocation = BudgetAllocator.Allocate(new AllocationRequest(Budget(1_000_000), new TokenSizes()) { MaxK = 30, MaxM = 3 });
        Assert.Equal(new InferenceParameters(20, 2, 1), allocation.Drag!.Parameters);
    }

    [Fact]
    public void A_budget_below_the_instructions_is_an_error() => Assert.Equal(
        "Instructions and question take about 300 tokens and the budget is 100: raise the budget.",
        Assert.Throws<AgentRagException>(() => BudgetAllocator.Allocate(new AllocationRequest(Budget(100), new TokenSizes { InstructionTokens = 300 }))).Message);

    [Fact]
    public void A_window_below_the_instructions_is_an_error_of_its_own() => Assert.Equal(
        "Instructions and question take about 300 tokens and the context window has 200 beside the 50 reserved for the answer: a model with a larger one is needed.",
        Assert.Throws<AgentRagException>(() => BudgetAllocator.Allocate(new AllocationRequest(
            new TokenBudgetOptions { MaxEffectiveContextTokens = 1_000, ContextWindowTokens = 250, ReservedAnswerTokens = 50 }, new TokenSizes { InstructionTokens = 300 }))).Message);

    private static BudgetAllocation Allocate(int budget, Informativeness informativeness) =>
        BudgetAllocator.Allocate(new AllocationRequest(Budget(budget), new TokenSizes()) { Informativeness = informativeness });

    private static TokenBudgetOptions Budget(int tokens) => new() { MaxEffectiveContextTokens = tokens, ContextWindowTokens = 2_000_000 };
}
