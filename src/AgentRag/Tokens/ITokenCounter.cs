namespace AgentRag.Tokens;

/// <summary>Counts and cuts text in the tokens of one model.</summary>
/// <remarks>Implementations are pure and safe for concurrent use.</remarks>
public interface ITokenCounter
{
    /// <summary>The counter's name, stored with an index and in reports, such as <c>estimate</c> or <c>o200k_base</c>.</summary>
    string Name { get; }

    /// <summary>Counts the tokens of a text.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <returns>Model tokens, ≥ 0; never fewer than the model would count if the counter is exact or conservative.</returns>
    int Count(ReadOnlySpan<char> text);
}
