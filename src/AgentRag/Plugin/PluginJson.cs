using System.Text.Json;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Plugin;

/// <summary>Results as JSON, and their size.</summary>
internal static class PluginJson
{
    /// <summary>As Microsoft.Extensions.AI writes JSON, without the indentation that a model would pay for.</summary>
    public static JsonSerializerOptions Options { get; } = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    public static JsonElement ToElement(object result) => JsonSerializer.SerializeToElement(result, result.GetType(), Options);

    public static int Tokens(object result, ITokenCounter counter) => counter.Count(JsonSerializer.Serialize(result, result.GetType(), Options));

    /// <summary>Makes the largest result that fits: with as many items as possible, in their order.</summary>
    /// <typeparam name="T">The result.</typeparam>
    /// <param name="items">How many items there are.</param>
    /// <param name="make">Makes the result with the first so many items.</param>
    /// <param name="maxTokens">What it may take, serialised.</param>
    /// <param name="counter">Counts it.</param>
    /// <returns>The result and how many items it holds; without items it may be larger than asked.</returns>
    public static (T Result, int Items) Largest<T>(int items, Func<int, T> make, int maxTokens, ITokenCounter counter)
        where T : notnull
    {
        var (low, high, best) = (0, items, make(items));
        if (Tokens(best, counter) <= maxTokens)
        {
            return (best, items);
        }

        // More items never make a result shorter.
        best = make(0);
        while (low < high - 1)
        {
            var middle = low + ((high - low) / 2);
            var made = make(middle);
            (low, high, best) = Tokens(made, counter) <= maxTokens ? (middle, high, made) : (low, middle, best);
        }

        return (best, low);
    }

    /// <summary>Cuts a text to its first characters, never between the two halves of one.</summary>
    public static string Cut(string text, int characters) =>
        text.Length <= characters ? text : $"{text.AsSpan(0, characters > 0 && char.IsHighSurrogate(text[characters - 1]) ? characters - 1 : characters)}…";
}
