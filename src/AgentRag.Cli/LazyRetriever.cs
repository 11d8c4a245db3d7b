using AgentRag.Retrieval;

namespace AgentRag.Cli;

/// <summary>A retriever that is opened by its first query: a strategy that retrieves nothing needs no index.</summary>
/// <param name="name">What it will be called; asked for at most once, and not when it is never needed.</param>
/// <param name="open">Opens it.</param>
internal sealed class LazyRetriever(Func<string> name, Func<CancellationToken, Task<IRetriever>> open) : IRetriever
{
    // One opening at a time, as queries come side by side; where it fails the next query tries again, perhaps with an index that was made meanwhile.
    private static readonly SemaphoreSlim Opening = new(1);
    private readonly Lazy<string> _name = new(name, LazyThreadSafetyMode.PublicationOnly);
    private volatile IRetriever? _opened;

    public string Name => _opened?.Name ?? _name.Value;

    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        var retriever = _opened ?? await OpenAsync(cancellationToken);
        return await retriever.RetrieveAsync(query, cancellationToken);
    }

    private async Task<IRetriever> OpenAsync(CancellationToken cancellationToken)
    {
        await Opening.WaitAsync(cancellationToken);
        try
        {
            return _opened ??= await open(cancellationToken);
        }
        finally
        {
            Opening.Release();
        }
    }
}
