namespace AgentRag.Retrieval.Reranking;

/// <summary>How retrieval and reranking work together.</summary>
public sealed record RerankingOptions
{
    /// <summary>Passages that the reranker gets: this many or k, whichever is more, in [1, 1000]. Default 50.</summary>
    public int Depth { get; init; } = 50;

    /// <summary>Whether a reranker that fails makes the query fail. Default false: the first stage's order stands, with the reason.</summary>
    public bool Strict { get; init; }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public RerankingOptions Validated() => Depth is >= 1 and <= RetrievalQuery.MaxK
        ? this
        : throw new AgentRagException($"Reranking: Depth is {Depth}, must be in [1, {RetrievalQuery.MaxK}].");
}
