using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Prompting;

/// <summary>A prompt as it is sent, with its size.</summary>
/// <param name="System">The text of the system role.</param>
/// <param name="User">The text of the user role.</param>
/// <param name="TokenCount">Input tokens of the request, chat-template overhead included.</param>
public sealed record RenderedPrompt(string System, string User, int TokenCount)
{
    /// <summary>
    /// Where in the user's text a beginning ends that other requests share: behind the demonstrations, and behind each batch of passages as long as batches are
    /// appended. Characters, ascending, each in (0, length of the text).
    /// </summary>
    public IReadOnlyList<int> CacheBoundaries { get; init; } = [];

    /// <summary>The messages to send. The user's message carries the boundaries for clients that can mark them (<see cref="PromptCacheMarks"/>).</summary>
    public IReadOnlyList<ChatMessage> Messages => [new(ChatRole.System, System), PromptCacheMarks.Attach(new ChatMessage(ChatRole.User, User), CacheBoundaries)];

    /// <summary>Counts the input tokens of a request.</summary>
    /// <param name="counter">Counts the texts.</param>
    /// <param name="texts">The texts of the messages, in order: the system's, the user's, then replies and further texts of the user by turns.</param>
    /// <returns>Tokens of all texts with the overhead of a chat template.</returns>
    public static int CountTokens(ITokenCounter counter, params ReadOnlySpan<string> texts)
    {
        ArgumentNullException.ThrowIfNull(counter);
        if (counter is IConversationTokenCounter exact)
        {
            List<ChatMessage> messages = [];
            foreach (var text in texts)
            {
                messages.Add(new(messages.Count == 0 ? ChatRole.System : messages.Count % 2 == 1 ? ChatRole.User : ChatRole.Assistant, text));
            }

            return exact.CountConversation(messages);
        }

        var tokens = counter.ChatTemplate.Of(texts.Length);
        foreach (var text in texts)
        {
            tokens += counter.Count(text);
        }

        return tokens;
    }
}
