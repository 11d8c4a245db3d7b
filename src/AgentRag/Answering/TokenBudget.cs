using System.Globalization;

namespace AgentRag.Answering;

/// <summary>What one question has spent and may still spend. Every request is booked here before it is sent.</summary>
/// <remarks>Not safe for concurrent use: a question's requests follow one another.</remarks>
public sealed class TokenBudget
{
    private readonly TokenBudgetOptions _options;

    /// <summary>Opens the budget of one question.</summary>
    /// <param name="options">The bounds.</param>
    /// <exception cref="AgentRagException">The bounds are inconsistent.</exception>
    public TokenBudget(TokenBudgetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validated();
    }

    /// <summary>Effective context tokens so far: input tokens of all requests booked.</summary>
    public long SpentTokens { get; private set; }

    /// <summary>Effective context tokens that may still be spent, ≥ 0.</summary>
    public long RemainingTokens => _options.MaxEffectiveContextTokens - SpentTokens;

    /// <summary>Output tokens a reply may have.</summary>
    public int ReservedAnswerTokens => _options.ReservedAnswerTokens;

    /// <summary>The largest input the next request may have.</summary>
    /// <param name="reservedTokens">Input tokens set aside for later requests, ≥ 0.</param>
    /// <returns>Tokens, ≥ 0: what remains behind the reserve, at most what the context window holds beside the answer.</returns>
    public int AvailableTokens(long reservedTokens = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(reservedTokens);
        return (int)Math.Clamp(RemainingTokens - reservedTokens, 0, _options.ContextWindowTokens - _options.ReservedAnswerTokens);
    }

    /// <summary>Books a request.</summary>
    /// <param name="promptTokens">Its input tokens, ≥ 0.</param>
    /// <exception cref="InvalidOperationException">The request does not fit; nothing is booked. The caller was to ask <see cref="AvailableTokens"/> first.</exception>
    public void Spend(int promptTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(promptTokens);
        if (promptTokens > AvailableTokens())
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"A request of {promptTokens:N0} tokens does not fit: {AvailableTokens():N0} are available."));
        }

        SpentTokens += promptTokens;
    }
}
