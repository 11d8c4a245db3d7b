namespace AgentRag.Models;

/// <summary>What a <see cref="CachingChatClient"/> keeps.</summary>
public sealed record CachingChatClientOptions
{
    /// <summary>
    /// Whether replies at a temperature above 0, or at the model's own, are kept too. Default false: whoever samples wants another reply each time.
    /// </summary>
    public bool AnyTemperature { get; init; }

    /// <summary>Stands for settings of the client that change its replies to the same request, such as how it holds the model to a form. Default: none.</summary>
    public string Settings { get; init; } = "";
}
