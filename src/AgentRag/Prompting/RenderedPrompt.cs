using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Prompting;

/// <summary>A prompt as it is sent, with its size.</summary>
/// <param name="System">The text of the system role.</param>
/// <param name="User">The text of the user role.</param>
/// <param name="TokenCount">Input tokens of the request, chat-template overhead included.</param>
public sealed record RenderedPrompt(string System, string User, int TokenCount)
{
    // Chat templates put role and separators around each message: 3 to 4 tokens each, and about 3 to open the reply.
    private const int MessageOverheadTokens = 4;
    private const int ReplyOverheadTokens = 3;

    /// <summary>The messages to send.</summary>
    public IReadOnlyList<ChatMessage> Messages => [new(ChatRole.System, System), new(ChatRole.User, User)];

    /// <summary>Counts the input tokens of a request.</summary>
    /// <param name="counter">Counts the texts.</param>
    /// <param name="texts">The texts of the messages, in order.</param>
    /// <returns>Tokens of all texts with the overhead of a chat template.</returns>
    public static int CountTokens(ITokenCounter counter, params ReadOnlySpan<string> texts)
    {
        ArgumentNullException.ThrowIfNull(counter);
        var tokens = ReplyOverheadTokens;
        foreach (var text in texts)
        {
            tokens += counter.Count(text) + MessageOverheadTokens;
        }

        return tokens;
    }
}
