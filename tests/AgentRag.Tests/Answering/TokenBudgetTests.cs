using AgentRag.Answering;
using Xunit;

namespace AgentRag.Tests.Answering;

public sealed class TokenBudgetTests
{
    private static readonly TokenBudgetOptions Options = new() { MaxEffectiveContextTokens = 1_000, ContextWindowTokens = 700, ReservedAnswerTokens = 100 };

    [Fact]
    public void A_request_may_fill_the_window_beside_the_answer() => Assert.Equal(600, new TokenBudget(Options).AvailableTokens());

    [Fact]
    public void Spent_and_reserved_tokens_are_not_available()
    {
        var budget = new TokenBudget(Options);
        Assert.NotNull(budget.TryBook(600));
        Assert.Equal(600, budget.SpentTokens);
        Assert.Equal(400, budget.AvailableTokens());
        Assert.Equal(150, budget.AvailableTokens(reservedTokens: 250));
        Assert.Equal(0, budget.AvailableTokens(reservedTokens: 500));
    }

    [Fact]
    public void A_request_that_does_not_fit_is_refused_and_not_booked()
    {
        var budget = new TokenBudget(Options);
        Assert.NotNull(budget.TryBook(600));
        Assert.Null(budget.TryBook(401));
        Assert.Equal(600, budget.SpentTokens);
    }

    [Fact]
    public void All_problems_of_the_options_are_named_at_once() => Assert.Equal(
        "Token budget: MaxEffectiveContextTokens is 0, must be at least 1; ReservedAnswerTokens is 700, must be in [1, ContextWindowTokens - 1].",
        Assert.Throws<AgentRagException>(() => new TokenBudget(Options with { MaxEffectiveContextTokens = 0, ReservedAnswerTokens = 700 })).Message);
}
