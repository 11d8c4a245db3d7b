namespace AgentRag.Tokens;

/// <summary>A counter that learns, so that the same text may be counted otherwise later.</summary>
/// <remarks>Whoever plans with counts takes <see cref="Current"/> once and keeps to it: one question is planned and checked by the same counts.</remarks>
public interface IChangingTokenCounter : ITokenCounter
{
    /// <summary>The counter as it is now; it does not change any more.</summary>
    ITokenCounter Current();
}
