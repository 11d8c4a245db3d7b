using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Allocation;

public sealed class SimpleAccountingTests
{
    [Fact]
    public void The_example_of_such_a_write_up_is_reproduced()
    {
        // a = (.3, .15, .1), b = (.05, .03, 0), i = (.8, .6, 0), c = −1.5, ordinary logit, θ without ε: .34 ln 200 + .168 ln 64 + .1 ln 1 − 1.5 = 1.0001.
        var equation = new PerformanceEquation { A = new(0.3, 0.15, 0.1), B = new(0.05, 0.03, 0), C = -1.5, Link = SimpleAccounting.Logit, Epsilon = 0 };
        var chosen = new SimpleAccounting().Allocate(128_000, equation, new Informativeness(0.8, 0.6))!;
        Assert.Equal(new InferenceParameters(200, 64, 1), chosen.Parameters);
        Assert.Equal(118_848, chosen.PlannedTokens);
        Assert.Equal(0.7311, chosen.PredictedZ, tolerance: 5e-5);
    }

    [Theory] // the tiers of such a write-up, by its accounting
    [InlineData(10, 4, 1, 6_208)]
    [InlineData(50, 16, 2, 59_520)]
    [InlineData(200, 64, 4, 475_392)]
    public void Tiers_are_taken_to_cost_what_the_write_up_says(int k, int m, int n, long expected) =>
        Assert.Equal(expected, new SimpleAccounting().Tokens(new InferenceParameters(k, m, n)));

    [Theory] // what they cost when demonstrations carry their passages, 130 tokens each, and all n iterations are used: in all, and the largest request
    [InlineData(10, 4, 1, 6_500, 6_500)] // 5 · 10 · 130
    [InlineData(50, 16, 2, 591_500, 123_500)] // 50 · 130 · (5 · 16 + 11); 50 · 130 · (16 + 3)
    [InlineData(200, 64, 4, 15_730_000, 1_794_000)] // 200 · 130 · (9 · 64 + 29); 200 · 130 · (64 + 5)
    public void Tiers_cost_far_more_by_the_accounting_of_the_paper(int k, int m, int n, double expected, double largest)
    {
        var strategy = n == 1 ? "drag" : "iterdrag";
        Assert.Equal(expected, new TokenSizes().Of(strategy, new InferenceParameters(k, m, n)), precision: 6);
        Assert.Equal(largest, new TokenSizes().LargestRequest(strategy, new InferenceParameters(k, m, n)), precision: 6);
    }

    [Fact]
    public void Nothing_is_chosen_when_nothing_fits() =>
        Assert.Null(new SimpleAccounting().Allocate(100, PerformanceEquation.Published, Informativeness.Unknown));
}
