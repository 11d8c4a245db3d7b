namespace AgentRag.Retrieval;

/// <summary>What a retriever is asked for.</summary>
public sealed record RetrievalQuery
{
    /// <summary>The largest k that is served: the paper's grid ends here.</summary>
    public const int MaxK = 1000;

    /// <summary>Makes a query.</summary>
    /// <param name="text">A question or keywords; not empty.</param>
    /// <param name="k">How many passages, in [0, <see cref="MaxK"/>].</param>
    /// <exception cref="ArgumentException">The text is empty or k is out of range.</exception>
    public RetrievalQuery(string text, int k)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, MaxK);
        (Text, K) = (text, k);
    }

    /// <summary>A question or keywords.</summary>
    public string Text { get; }

    /// <summary>How many passages to return, in [0, <see cref="MaxK"/>].</summary>
    public int K { get; }

    /// <summary>Whether each passage comes with an explanation of its score. Default false: it costs time.</summary>
    public bool Explain { get; init; }

    /// <summary>Which passages may be returned; null for all. Default null.</summary>
    public PassageFilter? Filter { get; init; }
}
