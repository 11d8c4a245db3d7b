using System.Text;
using AgentRag.Retrieval;

namespace AgentRag.Plugin;

/// <summary>A retriever that sees only the sources below a path.</summary>
internal sealed class ScopedRetriever(IRetriever inner, string scope) : IRetriever
{
    // One object for all queries: retrievers keep what they have worked out for the last one.
    private readonly PassageFilter _scope = new() { SourcePrefixes = [scope] };

    public string Name => inner.Name;

    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default) =>
        inner.RetrieveAsync(query with { Filter = query.Filter is { } filter ? Within(filter) : _scope }, cancellationToken);

    // What passes both: of two paths of which one lies below the other, the lower.
    private PassageFilter Within(PassageFilter filter) => filter with
    {
        SourcePrefixes = filter.SourcePrefixes is not { } prefixes ? [scope]
            : prefixes.Any(prefix => IsBelow(scope, prefix)) ? [scope]
            : [.. prefixes.Where(prefix => IsBelow(prefix, scope))],
    };

    private static bool IsBelow(string path, string prefix) => PassageFilter.HasPrefix(Encoding.UTF8.GetBytes(path), Encoding.UTF8.GetBytes(prefix));
}
