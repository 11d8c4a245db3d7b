using AgentRag.Models;
using AgentRag.Prompting;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>A request that is packed into the budget and booked, and waits to be sent.</summary>
internal sealed record PreparedRequest
{
    /// <summary>Its place among the requests of the question, from 0, in the order of booking.</summary>
    public required int Place { get; init; }

    public required GroundedTask Task { get; init; }

    public required string Purpose { get; init; }

    public required PromptTemplate Template { get; init; }

    public required PackedPrompt Packed { get; init; }

    /// <summary>The messages: the packed prompt's, and for a repair two more.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    public required BookedRequest Booked { get; init; }

    public required ReplyForm? Form { get; init; }

    public PromptContent Content => Packed.Content;
}

/// <summary>What a request may take of the budget, and the form of its reply.</summary>
internal sealed record RequestLimits
{
    public static RequestLimits None { get; } = new();

    /// <summary>The hold that the request uses up; null for a request that leaves all holds alone.</summary>
    public BudgetHold? Hold { get; init; }

    /// <summary>Input tokens to leave over beside what is held.</summary>
    public long ReservedTokens { get; init; }

    /// <summary>Input tokens at most, such as one of several equal shares of requests that run side by side.</summary>
    public int MostTokens { get; init; } = int.MaxValue;

    /// <summary>Passages without which it is not worth sending.</summary>
    public int LeastPassages { get; init; }

    /// <summary>The form of the reply; null for any.</summary>
    public ReplyForm? Form { get; init; }
}

/// <summary>A reply together with the request it answers.</summary>
internal sealed record ModelReply(string Text, PreparedRequest Request)
{
    public PromptContent Content => Request.Content;
}
