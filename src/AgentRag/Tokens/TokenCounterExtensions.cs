namespace AgentRag.Tokens;

/// <summary>What every token counter can do with its count alone.</summary>
public static class TokenCounterExtensions
{
    /// <summary>The counter as it is now, if it is one that learns; otherwise itself.</summary>
    /// <param name="counter">The counter.</param>
    /// <returns>A counter that counts the same text always alike.</returns>
    public static ITokenCounter Current(this ITokenCounter counter)
    {
        ArgumentNullException.ThrowIfNull(counter);
        return counter is IChangingTokenCounter changing ? changing.Current() : counter;
    }

    /// <summary>Finds how much of a text's beginning fits into a number of tokens.</summary>
    /// <param name="counter">The counter.</param>
    /// <param name="text">Any text, also empty.</param>
    /// <param name="maxTokens">The tokens there is room for, ≥ 0.</param>
    /// <returns>
    /// Characters of the longest fitting prefix that the search finds, in [0, length of the text]; the prefix holds at most <paramref name="maxTokens"/>
    /// tokens and splits no surrogate pair. Costs a number of counts logarithmic in the result, each of at most four times its length.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is negative.</exception>
    public static int FitLength(this ITokenCounter counter, ReadOnlySpan<char> text, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(counter);
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);

        // Doubling first: a text of many megabytes is never counted whole to cut a few hundred tokens off it.
        var (fits, tooLong) = (0, Math.Min(text.Length, 64));
        while (counter.Count(text[..tooLong]) <= maxTokens)
        {
            fits = tooLong;
            if (fits == text.Length)
            {
                return fits;
            }

            tooLong = (int)Math.Min(text.Length, 2L * tooLong);
        }

        while (tooLong - fits > 1)
        {
            var middle = fits + ((tooLong - fits) / 2);
            (fits, tooLong) = counter.Count(text[..middle]) <= maxTokens ? (middle, tooLong) : (fits, middle);
        }

        var splitsPair = fits > 0 && fits < text.Length && char.IsHighSurrogate(text[fits - 1]) && char.IsLowSurrogate(text[fits]);
        return splitsPair ? fits - 1 : fits;
    }
}
