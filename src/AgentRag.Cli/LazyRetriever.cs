using AgentRag.Retrieval;

namespace AgentRag.Cli;

/// <summary>A retriever that is opened by its first query: a strategy that retrieves nothing needs no index.</summary>
internal sealed class LazyRetriever(string name, Func<CancellationToken, Task<IRetriever>> open) : IRetriever
{
    // No lock around a failed opening: the next query tries again, perhaps with an index that was made meanwhile.
    private volatile IRetriever? _opened;

    public string Name => _opened?.Name ?? name;

    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        var retriever = _opened ??= await open(cancellationToken);
        return await retriever.RetrieveAsync(query, cancellationToken);
    }
}
