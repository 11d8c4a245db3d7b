using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Caching;
using AgentRag.Indexing;

namespace AgentRag.Retrieval;

/// <summary>Keeps the rankings of another retriever, for one version of its index.</summary>
/// <remarks>
/// A ranking found is equal to the one worked out, scores and explanations included. The key is all of the query, the retriever's name and settings, and the
/// version of the index: after any change of the index nothing old is found. Safe for concurrent use.
/// </remarks>
public sealed class CachingRetriever : IRetriever
{
    private const int Attempts = 5;

    // Raised whenever some retriever ranks otherwise with the same index and settings.
    private const string RankingVersion = "1";

    private static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly IRetriever _inner;
    private readonly ResultCache _cache;
    private readonly string _indexVersion;
    private readonly string _settings;

    /// <summary>Makes a retriever that remembers.</summary>
    /// <param name="inner">Ranks what is not found.</param>
    /// <param name="cache">Keeps the rankings.</param>
    /// <param name="indexVersion">Stands for the content of the index that <paramref name="inner"/> has open, such as <see cref="IndexVersion.Of"/>.</param>
    /// <param name="settings">Stands for the retriever's settings beside its name; empty for its defaults.</param>
    public CachingRetriever(IRetriever inner, ResultCache cache, string indexVersion, string settings = "")
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentException.ThrowIfNullOrEmpty(indexVersion);
        ArgumentNullException.ThrowIfNull(settings);
        (_inner, _cache, _indexVersion, _settings) = (inner, cache, indexVersion, settings);
    }

    /// <inheritdoc/>
    public string Name => _inner.Name;

    /// <summary>Opens a retriever over an index on disk together with the version it has opened.</summary>
    /// <param name="directory">The index.</param>
    /// <param name="open">Opens the retriever over it.</param>
    /// <param name="cache">Keeps the rankings.</param>
    /// <param name="settings">Stands for the retriever's settings beside its name; empty for its defaults.</param>
    /// <exception cref="AgentRagException">There is no index, it cannot be opened, or it changes all the time.</exception>
    public static CachingRetriever Open(string directory, Func<IRetriever> open, ResultCache cache, string settings = "")
    {
        ArgumentNullException.ThrowIfNull(open);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // The same before and after: what was opened in between is of that version.
            var version = IndexVersion.Of(directory);
            var inner = open();
            if (IndexVersion.Of(directory) == version)
            {
                return new CachingRetriever(inner, cache, version, settings);
            }
        }

        throw new AgentRagException($"Index '{directory}' is being written all the time: try again when it is finished, or ask with --cache off.");
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        // Text first and apart: JSON would make one of two texts that differ in half a surrogate pair.
        var key = CacheKey.Of("retrieval", RankingVersion, _inner.Name, _settings, _indexVersion, query.Text, JsonSerializer.Serialize(query, Json));
        return await _cache.GetOrCreateAsync(
            key,
            async cancel => (List<RankedPassage>)[.. await _inner.RetrieveAsync(query, cancel).ConfigureAwait(false)],
            Json,
            cancellationToken).ConfigureAwait(false);
    }
}
