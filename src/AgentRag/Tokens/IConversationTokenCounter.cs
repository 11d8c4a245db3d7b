using Microsoft.Extensions.AI;

namespace AgentRag.Tokens;

/// <summary>A counter that knows how its model writes a conversation down, and so counts a whole request as the model takes it.</summary>
/// <remarks>Texts and template are one text for most models: counted apart, their seams come out differently.</remarks>
public interface IConversationTokenCounter : ITokenCounter
{
    /// <summary>Counts the input tokens of a request.</summary>
    /// <param name="messages">The messages, texts alone, in order.</param>
    /// <returns>Tokens of all texts and of everything that the chat template adds, the opening of the reply included.</returns>
    int CountConversation(IReadOnlyList<ChatMessage> messages);
}
