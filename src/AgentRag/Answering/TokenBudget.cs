using System.Globalization;
using AgentRag.Models;

namespace AgentRag.Answering;

/// <summary>What one question has spent and may still spend. Every request is booked here before it is sent.</summary>
/// <remarks>
/// Four bounds: tokens (per request the window, per question the effective context), requests, money, time. A <see cref="BudgetHold"/> sets a part aside, such as
/// for the final answer, that no other request can take. Booking is one step: requests of one question may run side by side. Safe for concurrent use.
/// </remarks>
public sealed class TokenBudget
{
    // Steps may use this part of the time while something is held for later.
    private const double StepShare = 0.75;

    private const decimal Million = 1_000_000;

    private readonly Lock _lock = new();
    private readonly TokenBudgetOptions _options;
    private readonly TimeProvider _time;
    private readonly ModelPrice? _price;
    private readonly long _started;
    private readonly TimeSpan _elapsedBefore;
    private readonly HashSet<BudgetHold> _holds = [];
    private long _spentTokens;
    private int _calls;
    private decimal _cost;

    /// <summary>Opens the budget of one question; its time begins now.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="timeProvider">The clock of the deadline; null for the system's.</param>
    /// <param name="price">What the model's tokens cost; null when unknown.</param>
    /// <param name="spent">What was spent before, for a question that is taken up again; null for a new one.</param>
    /// <exception cref="AgentRagException">The bounds are inconsistent, or money is bounded and the price unknown.</exception>
    public TokenBudget(TokenBudgetOptions options, TimeProvider? timeProvider = null, ModelPrice? price = null, AnswerUsage? spent = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _time, _price) = (options.Validated(), timeProvider ?? TimeProvider.System, price);
        if (options.MaxCost is not null && price is null)
        {
            throw new AgentRagException("The cost of a question is bounded, but the model's price is not known: give it with --prices FILE, or leave the bound out.");
        }

        _started = _time.GetTimestamp();
        if (spent is not null)
        {
            (_spentTokens, _calls, _cost, _elapsedBefore) = (spent.EffectiveContextTokens, spent.Calls, spent.Cost ?? 0, spent.Elapsed);
        }
    }

    /// <summary>Effective context tokens so far: input tokens of all requests booked.</summary>
    public long SpentTokens
    {
        get
        {
            lock (_lock)
            {
                return _spentTokens;
            }
        }
    }

    /// <summary>Effective context tokens that may still be spent, ≥ 0; those on hold are among them.</summary>
    public long RemainingTokens => _options.MaxEffectiveContextTokens - SpentTokens;

    /// <summary>Output tokens a reply may have.</summary>
    public int ReservedAnswerTokens => _options.ReservedAnswerTokens;

    /// <summary>Time since the question was asked.</summary>
    public TimeSpan Elapsed => _elapsedBefore + _time.GetElapsedTime(_started);

    /// <summary>Time that is left: for steps, while something is held, up to three quarters of the deadline; for the rest, up to the deadline.</summary>
    /// <param name="hold">The hold that the request is to use up; null for none.</param>
    /// <returns>≥ 0; null when there is no deadline.</returns>
    public TimeSpan? TimeLeft(BudgetHold? hold = null)
    {
        lock (_lock)
        {
            return Left(hold);
        }
    }

    /// <summary>The largest input the next request may have.</summary>
    /// <param name="reservedTokens">Input tokens to leave over beside what is held, ≥ 0.</param>
    /// <param name="hold">The hold that the request is to use up; null for a request that must leave all holds alone.</param>
    /// <returns>Tokens, ≥ 0: what all bounds allow behind holds and reserve; 0 also when no request, money or time is left.</returns>
    public int AvailableTokens(long reservedTokens = 0, BudgetHold? hold = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(reservedTokens);
        lock (_lock)
        {
            return Available(reservedTokens, hold);
        }
    }

    /// <summary>Sets tokens, one request, their money and the rest of the time aside.</summary>
    /// <param name="tokens">Input tokens, ≥ 0.</param>
    /// <returns>The hold; null when so much is not available.</returns>
    public BudgetHold? TryHold(long tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        lock (_lock)
        {
            if (tokens > Available(0, hold: null))
            {
                return null;
            }

            var hold = new BudgetHold(this, tokens);
            _holds.Add(hold);
            return hold;
        }
    }

    /// <summary>Books a request, in one step.</summary>
    /// <param name="promptTokens">Its input tokens, ≥ 1.</param>
    /// <param name="hold">The hold it uses up, whatever its size; null for none.</param>
    /// <returns>What was booked; null when the request does not fit, and nothing is booked then.</returns>
    public BookedRequest? TryBook(int promptTokens, BudgetHold? hold = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(promptTokens);
        lock (_lock)
        {
            if (promptTokens > Available(0, hold))
            {
                return null;
            }

            var booked = new BookedRequest(promptTokens, CostOf(promptTokens));
            _spentTokens += promptTokens;
            _calls++;
            _cost += booked.Cost;
            if (hold is not null)
            {
                _holds.Remove(hold);
            }

            return booked;
        }
    }

    /// <summary>Puts what a request really cost in the place of what was booked. The tokens stay as they were counted.</summary>
    /// <param name="booked">The request.</param>
    /// <param name="cost">What it cost, ≥ 0.</param>
    public void Settle(BookedRequest booked, decimal cost)
    {
        ArgumentNullException.ThrowIfNull(booked);
        lock (_lock)
        {
            _cost += cost - booked.Cost;
        }
    }

    /// <summary>Names the bound that stands in the way of a further request.</summary>
    /// <returns><see cref="StopReason.Deadline"/>, <see cref="StopReason.CallLimit"/>, <see cref="StopReason.CostLimit"/> or <see cref="StopReason.TokenBudget"/>.</returns>
    public StopReason LimitReached()
    {
        lock (_lock)
        {
            return Left(hold: null) == TimeSpan.Zero ? StopReason.Deadline
                : CallsLeft(hold: null) <= 0 ? StopReason.CallLimit
                : TokensByCost(hold: null) < Math.Min(TokensLeft(hold: null), Window) ? StopReason.CostLimit
                : StopReason.TokenBudget;
        }
    }

    internal bool Resize(BudgetHold hold, long tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        lock (_lock)
        {
            if (!_holds.Contains(hold) || tokens > Available(0, hold))
            {
                return false;
            }

            hold.Tokens = tokens;
            return true;
        }
    }

    internal void Release(BudgetHold hold)
    {
        lock (_lock)
        {
            _holds.Remove(hold);
        }
    }

    private int Window => _options.ContextWindowTokens - _options.ReservedAnswerTokens;

    private int Available(long reservedTokens, BudgetHold? hold) => Left(hold) == TimeSpan.Zero || CallsLeft(hold) <= 0
        ? 0
        : (int)Math.Clamp(Math.Min(TokensLeft(hold), TokensByCost(hold)) - reservedTokens, 0, Window);

    private IEnumerable<BudgetHold> HoldsBeside(BudgetHold? hold) => _holds.Where(held => held != hold);

    private long TokensLeft(BudgetHold? hold) => _options.MaxEffectiveContextTokens - _spentTokens - HoldsBeside(hold).Sum(held => held.Tokens);

    private int CallsLeft(BudgetHold? hold) => _options.MaxCalls is { } most ? most - _calls - HoldsBeside(hold).Count() : int.MaxValue;

    private long TokensByCost(BudgetHold? hold)
    {
        if (_options.MaxCost is not { } most)
        {
            return long.MaxValue;
        }

        var left = most - _cost - HoldsBeside(hold).Sum(held => CostOf(held.Tokens)) - CostOf(0);
        return left < 0 ? 0
            : _price!.InputPerMillion == 0 ? long.MaxValue
            : (long)Math.Min(decimal.Floor(left * Million / _price.InputPerMillion), long.MaxValue);
    }

    private decimal CostOf(long promptTokens) => _price?.Of(promptTokens, 0, _options.ReservedAnswerTokens) ?? 0;

    private TimeSpan? Left(BudgetHold? hold)
    {
        if (_options.Deadline is not { } deadline)
        {
            return null;
        }

        var left = (HoldsBeside(hold).Any() ? deadline * StepShare : deadline) - Elapsed;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}

/// <summary>A part of a budget that is set aside for one later request; it also keeps the time behind the steps free for it.</summary>
public sealed class BudgetHold : IDisposable
{
    private readonly TokenBudget _budget;

    internal BudgetHold(TokenBudget budget, long tokens) => (_budget, Tokens) = (budget, tokens);

    /// <summary>Input tokens set aside, ≥ 0.</summary>
    public long Tokens { get; internal set; }

    /// <summary>Sets another number of tokens aside.</summary>
    /// <param name="tokens">Input tokens, ≥ 0.</param>
    /// <returns>Whether so many are available; if not, or if the hold is used up or released, it stays as it was.</returns>
    public bool TryResize(long tokens) => _budget.Resize(this, tokens);

    /// <summary>Gives back what is set aside. Nothing happens when it is used up already.</summary>
    public void Dispose() => _budget.Release(this);
}

/// <summary>A request that the budget has room for.</summary>
/// <param name="PromptTokens">Its input tokens.</param>
/// <param name="Cost">What it costs at most: nothing cached, the whole reserved answer written; 0 when the price is unknown.</param>
public sealed record BookedRequest(int PromptTokens, decimal Cost)
{
    /// <summary>The booking in words.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PromptTokens:N0} tokens");
}
