using AgentRag.Answering;
using AgentRag.Models;
using AgentRag.Tests.Models;
using Xunit;

namespace AgentRag.Tests.Answering;

public sealed class TokenBudgetTests
{
    private static readonly TokenBudgetOptions Options = new() { MaxEffectiveContextTokens = 1_000, ContextWindowTokens = 700, ReservedAnswerTokens = 100 };

    [Fact]
    public void A_request_may_fill_the_window_beside_the_answer() => Assert.Equal(600, new TokenBudget(Options).AvailableTokens());

    [Fact]
    public void Spent_reserved_and_held_tokens_are_not_available()
    {
        var budget = new TokenBudget(Options);
        Assert.NotNull(budget.TryBook(500));
        Assert.Equal(500, budget.SpentTokens);
        Assert.Equal(500, budget.AvailableTokens());
        Assert.Equal(250, budget.AvailableTokens(reservedTokens: 250));
        Assert.Equal(0, budget.AvailableTokens(reservedTokens: 600));
        using var hold = budget.TryHold(200)!;
        Assert.Equal((300, 500, 250), (budget.AvailableTokens(), budget.AvailableTokens(hold: hold), budget.AvailableTokens(reservedTokens: 50)));
    }

    [Fact]
    public void A_request_that_does_not_fit_is_refused_and_not_booked()
    {
        var budget = new TokenBudget(Options);
        Assert.NotNull(budget.TryBook(600));
        Assert.Null(budget.TryBook(401));
        Assert.Equal(600, budget.SpentTokens);
        Assert.Equal(StopReason.TokenBudget, budget.LimitReached());
    }

    [Fact]
    public void A_hold_goes_to_the_request_it_was_made_for_or_back()
    {
        var budget = new TokenBudget(Options);
        var final = budget.TryHold(300)!;
        Assert.Null(budget.TryHold(701));
        Assert.NotNull(budget.TryBook(600));
        Assert.Null(budget.TryBook(101));
        Assert.False(final.TryResize(401));
        Assert.True(final.TryResize(400));
        Assert.Null(budget.TryBook(1));
        Assert.NotNull(budget.TryBook(400, final));
        Assert.Equal((1_000, 0), (budget.SpentTokens, budget.AvailableTokens(hold: final)));

        budget = new TokenBudget(Options);
        budget.TryHold(1_000 - 600)!.Dispose();
        Assert.Equal(600, budget.AvailableTokens());
    }

    [Fact]
    public void The_last_call_is_kept_for_who_holds_it()
    {
        var budget = new TokenBudget(Options with { MaxCalls = 2 });
        var final = budget.TryHold(10)!;
        Assert.NotNull(budget.TryBook(10));
        Assert.Null(budget.TryBook(10));
        Assert.Equal(StopReason.CallLimit, budget.LimitReached());
        Assert.NotNull(budget.TryBook(10, final));
        Assert.Equal(0, budget.AvailableTokens());
    }

    [Fact]
    public void A_request_is_booked_at_what_it_costs_at_most_and_settled_at_what_it_cost()
    {
        // 2 per million in, 10 per million out, 100 tokens reserved: an answer may cost 0.001, and 0.0018 leaves 0.0008 for 400 tokens of input.
        var budget = new TokenBudget(Options with { MaxCost = 0.0018m }, price: new ModelPrice(2, 10));
        Assert.Equal(400, budget.AvailableTokens());
        var booked = budget.TryBook(400)!;
        Assert.Equal(0.0018m, booked.Cost);
        Assert.Equal((0, StopReason.CostLimit), (budget.AvailableTokens(), budget.LimitReached()));

        // Half of the input came from the cache at no price, and 10 tokens were written: 0.0004 + 0.0001, so 0.0013 is left, and 150 tokens of input.
        budget.Settle(booked, new ModelPrice(2, 10, 0).Of(400, 200, 10));
        Assert.Equal(150, budget.AvailableTokens());
    }

    [Fact]
    public void A_bound_on_money_needs_a_price() => Assert.Equal(
        "The cost of a question is bounded, but the model's price is not known: give it with --prices FILE, or leave the bound out.",
        Assert.Throws<AgentRagException>(() => new TokenBudget(Options with { MaxCost = 1 })).Message);

    [Fact]
    public void Steps_end_after_three_quarters_of_the_time_and_the_rest_at_the_deadline()
    {
        var time = new ManualTime(TimeSpan.Zero);
        var budget = new TokenBudget(Options with { Deadline = TimeSpan.FromSeconds(40) }, time);
        Assert.Equal(TimeSpan.FromSeconds(40), budget.TimeLeft());
        using var final = budget.TryHold(10)!;
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40)), (budget.TimeLeft(), budget.TimeLeft(final)));
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((0, 600, StopReason.Deadline), (budget.AvailableTokens(), budget.AvailableTokens(hold: final), budget.LimitReached()));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(budget.TryBook(1, final));
    }

    [Fact]
    public void What_was_spent_before_counts()
    {
        var time = new ManualTime(TimeSpan.Zero);
        var spent = new AnswerUsage { EffectiveContextTokens = 900, Calls = 2, Elapsed = TimeSpan.FromSeconds(9), Cost = 0.5m };
        var budget = new TokenBudget(Options with { MaxCalls = 3, Deadline = TimeSpan.FromSeconds(10), MaxCost = 0.6m }, time, new ModelPrice(0, 0), spent);
        Assert.Equal((900, 100, TimeSpan.FromSeconds(1)), (budget.SpentTokens, budget.AvailableTokens(), budget.TimeLeft()));
        Assert.NotNull(budget.TryBook(1));
        Assert.Null(budget.TryBook(1));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task Requests_side_by_side_never_take_more_than_there_is_and_leave_what_is_held(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 50; i++)
        {
            var options = Options with { MaxEffectiveContextTokens = random.Next(2_000, 9_000), MaxCalls = random.Next(5, 60), MaxCost = random.Next(2, 20) / 1_000m };
            var budget = new TokenBudget(options, price: new ModelPrice(1, 1));
            var final = budget.TryHold(300)!;
            var seeds = Enumerable.Range(0, 8).Select(_ => random.Next()).ToList();
            var booked = (await Task.WhenAll(seeds.Select(own => Task.Run(() =>
            {
                List<BookedRequest> mine = [];
                var random = new Random(own);
                for (var request = 0; request < 20; request++)
                {
                    if (budget.TryBook(random.Next(1, 400)) is { } one)
                    {
                        mine.Add(one);
                        budget.Settle(one, one.Cost * random.Next(0, 101) / 100);
                    }
                }

                return mine;
            })))).SelectMany(mine => mine).ToList();
            Assert.Equal(booked.Sum(one => one.PromptTokens), budget.SpentTokens);
            Assert.True(budget.SpentTokens <= options.MaxEffectiveContextTokens - 300);
            Assert.True(booked.Count <= options.MaxCalls - 1);
            Assert.NotNull(budget.TryBook(300, final));
        }
    }

    [Fact]
    public void All_problems_of_the_options_are_named_at_once() => Assert.Equal(
        "Token budget: MaxEffectiveContextTokens is 0, must be at least 1; ReservedAnswerTokens is 700, must be in [1, ContextWindowTokens - 1]; " +
        "Deadline is 00:00:00, must be above 0 and at most a day; MaxCalls is 0, must be at least 1; MaxCost is 0, must be above 0.",
        Assert.Throws<AgentRagException>(() => new TokenBudget(
            Options with { MaxEffectiveContextTokens = 0, ReservedAnswerTokens = 700, Deadline = TimeSpan.Zero, MaxCalls = 0, MaxCost = 0 })).Message);
}
