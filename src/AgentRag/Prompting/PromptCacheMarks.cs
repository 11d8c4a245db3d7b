using Microsoft.Extensions.AI;

namespace AgentRag.Prompting;

/// <summary>Tells clients where a message's cacheable beginnings end, beside its text: for those that must ask a provider to cache.</summary>
public static class PromptCacheMarks
{
    private const string Key = "agentrag.cache_boundaries";

    /// <summary>Finds the boundaries of a message.</summary>
    /// <param name="message">A message.</param>
    /// <returns>Characters of the message's text, ascending; length ≥ 0.</returns>
    public static IReadOnlyList<int> Of(ChatMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.AdditionalProperties?.TryGetValue(Key, out var value) is true && value is IReadOnlyList<int> boundaries ? boundaries : [];
    }

    internal static ChatMessage Attach(ChatMessage message, IReadOnlyList<int> boundaries)
    {
        if (boundaries.Count > 0)
        {
            (message.AdditionalProperties ??= [])[Key] = boundaries;
        }

        return message;
    }
}
