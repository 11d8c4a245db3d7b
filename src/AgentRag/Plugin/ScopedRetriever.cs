using AgentRag.Retrieval;

namespace AgentRag.Plugin;

/// <summary>A retriever that sees only the sources below a path.</summary>
internal sealed class ScopedRetriever(IRetriever inner, string scope) : IRetriever
{
    public string Name => inner.Name;

    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default) =>
        inner.RetrieveAsync(query with { Filter = (query.Filter ?? new PassageFilter()) with { SourcePrefix = scope } }, cancellationToken);
}
