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

    private static BudgetAllocation Allocate(int budget, Informativeness informativeness) =>
        BudgetAllocator.Allocate(new AllocationRequest(Budget(budget), new TokenSizes()) { Informativeness = informativeness });

    private static TokenBudgetOptions Budget(int tokens) => new() { MaxEffectiveContextTokens = tokens, ContextWindowTokens = 2_000_000 };
}
