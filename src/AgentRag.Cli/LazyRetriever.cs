using AgentRag.Retrieval;

namespace AgentRag.Cli;

/// <summary>A retriever that is opened by its first query: a strategy that retrieves nothing needs no index.</summary>
internal sealed class LazyRetriever(string name, Func<IRetriever> open) : IRetriever
{
    // No lock around a failed opening: the next query tries again, perhaps with an index that was made meanwhile.
    private readonly Lazy<IRetriever> _retriever = new(open, LazyThreadSafetyMode.PublicationOnly);

    public string Name { get; } = name;

    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default) =>
        _retriever.Value.RetrieveAsync(query, cancellationToken);
}
