using System.Runtime.InteropServices;

namespace AgentRag.Tokens;

/// <summary>Counts and cuts text in the tokens of one model.</summary>
/// <remarks>
/// <para>Implementations are safe for concurrent use, and count the same text alike for as long as one question is answered.</para>
/// <para>Any tokenizer plugs in. For <c>Microsoft.ML.Tokenizers</c> it takes two lines:</para>
/// <code>
/// sealed class MlTokenCounter(Microsoft.ML.Tokenizers.Tokenizer tokenizer, string name) : ITokenCounter
/// {
///     public string Name => name;
///     public int Count(ReadOnlySpan&lt;char&gt; text) => tokenizer.CountTokens(text);
/// }
/// </code>
/// </remarks>
public interface ITokenCounter
{
    /// <summary>The counter's name, stored with an index and in reports, such as <c>estimate</c> or <c>o200k_base</c>.</summary>
    string Name { get; }

    /// <summary>What the model's chat template adds to the texts of a request. Default: <see cref="ChatTemplateTokens.Usual"/>.</summary>
    ChatTemplateTokens ChatTemplate => ChatTemplateTokens.Usual;

    /// <summary>Counts the tokens of a text.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <returns>Model tokens, ≥ 0; never fewer than the model would count if the counter is exact or conservative.</returns>
    int Count(ReadOnlySpan<char> text);
}

/// <summary>What a chat template adds to the texts of a request: roles, separators, the opening of the reply. In model tokens.</summary>
/// <param name="PerMessage">For each message, ≥ 0.</param>
/// <param name="PerRequest">Once for each request, ≥ 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ChatTemplateTokens(int PerMessage, int PerRequest)
{
    /// <summary>What common templates take at most: 3 to 4 tokens around each message, and about 3 to open the reply.</summary>
    public static ChatTemplateTokens Usual { get; } = new(4, 3);

    /// <summary>The tokens of a request beside its texts.</summary>
    /// <param name="messages">Messages of the request, ≥ 0.</param>
    public int Of(int messages) => PerRequest + (messages * PerMessage);
}
