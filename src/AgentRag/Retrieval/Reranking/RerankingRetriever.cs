using System.Text.Json;

namespace AgentRag.Retrieval.Reranking;

/// <summary>Retrieves with another retriever, deeper than asked, and reranks what it found.</summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class RerankingRetriever : IRetriever
{
    private readonly IRetriever _first;
    private readonly IReranker _reranker;
    private readonly RerankingOptions _options;
    private readonly IProgress<string>? _warnings;

    /// <summary>Makes a retriever.</summary>
    /// <param name="first">Finds the passages.</param>
    /// <param name="reranker">Orders them.</param>
    /// <param name="options">Depth and strictness; null for the defaults.</param>
    /// <param name="warnings">Told why the first stage's order was kept, each time it is; or null.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public RerankingRetriever(IRetriever first, IReranker reranker, RerankingOptions? options = null, IProgress<string>? warnings = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(reranker);
        (_first, _reranker, _options, _warnings) = (first, reranker, (options ?? new()).Validated(), warnings);
    }

    /// <inheritdoc/>
    public string Name => $"{_first.Name}+{_reranker.Name}";

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The first stage fails; or the reranker, when strict.</exception>
    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.K == 0)
        {
            return [];
        }

        var deep = new RetrievalQuery(query.Text, Math.Max(_options.Depth, query.K)) { Explain = query.Explain, Filter = query.Filter };
        var found = await _first.RetrieveAsync(deep, cancellationToken).ConfigureAwait(false);
        if (found.Count == 0)
        {
            return found;
        }

        try
        {
            return await _reranker.RerankAsync(query.Text, found, query.K, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (!_options.Strict && IsFailure(fault, cancellationToken))
        {
            _warnings?.Report($"Reranking failed, the order of {_first.Name} is kept. {fault.Message}");
            return [.. found.Take(query.K).Select(passage => Kept(passage, fault.Message))];
        }
    }

    // A chat client or reranker from outside throws exceptions of its own for the same failures.
    private static bool IsFailure(Exception fault, CancellationToken cancellationToken) =>
        fault is AgentRagException or HttpRequestException or IOException or TimeoutException or JsonException
        || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static RankedPassage Kept(RankedPassage passage, string reason) => passage.Explanation is { } first
        ? passage with { Explanation = new(passage.Score, $"first-stage order kept, because reranking failed: {reason}", [first]) }
        : passage;
}
