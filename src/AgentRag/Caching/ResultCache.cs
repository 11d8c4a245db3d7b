using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;

namespace AgentRag.Caching;

/// <summary>Keeps results as JSON in a hybrid cache, and counts how often they were found.</summary>
/// <remarks>An entry that cannot be read is a miss and is replaced. Safe for concurrent use.</remarks>
/// <param name="cache">Microsoft's hybrid cache or any other; values are bytes, so it needs no serializers.</param>
/// <param name="lifetime">How long a result is kept; null for as long as the cache itself keeps it.</param>
public sealed class ResultCache(HybridCache cache, TimeSpan? lifetime = null)
{
    private static readonly HybridCacheEntryOptions FindOnly = new()
    {
        Flags = HybridCacheEntryFlags.DisableUnderlyingData | HybridCacheEntryFlags.DisableLocalCacheWrite | HybridCacheEntryFlags.DisableDistributedCacheWrite,
    };

    private readonly HybridCacheEntryOptions? _options = lifetime is null ? null : new HybridCacheEntryOptions { Expiration = lifetime };
    private readonly ConcurrentDictionary<string, (long Hits, long Misses)> _counts = new(StringComparer.Ordinal);

    /// <summary>A cache over a distributed cache alone, such as <see cref="DiskCache"/>.</summary>
    /// <param name="cache">Where results are kept.</param>
    /// <param name="lifetime">How long a result is kept; null for as long as the cache itself keeps it.</param>
    public ResultCache(IDistributedCache cache, TimeSpan? lifetime = null)
        : this(new DistributedHybridCache(cache), lifetime)
    {
    }

    /// <summary>How often each kind of result was found so far, by name.</summary>
    public IReadOnlyList<CacheCounts> Counts =>
        [.. _counts.OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => new CacheCounts(kind.Key, kind.Value.Hits, kind.Value.Misses))];

    /// <summary>Finds a result, or works it out and keeps it.</summary>
    internal async Task<T> GetOrCreateAsync<T>(
        string key, Func<CancellationToken, Task<T>> create, JsonSerializerOptions json, CancellationToken cancellationToken)
        where T : class
    {
        T? created = null;
        var bytes = await cache.GetOrCreateAsync(
            key,
            async cancel => JsonSerializer.SerializeToUtf8Bytes(created = await create(cancel).ConfigureAwait(false), json),
            _options,
            tags: null,
            cancellationToken).ConfigureAwait(false);
        if (created is null && Parse<T>(bytes, json) is { } found)
        {
            Count(key, isHit: true);
            return found;
        }

        Count(key, isHit: false);
        if (created is null)
        {
            created = await create(cancellationToken).ConfigureAwait(false);
            await SetAsync(key, created, json, cancellationToken).ConfigureAwait(false);
        }

        return created;
    }

    /// <summary>Finds a result.</summary>
    /// <returns>The result; null when it is not there.</returns>
    internal async Task<T?> FindAsync<T>(string key, JsonSerializerOptions json, CancellationToken cancellationToken)
        where T : class
    {
        var bytes = await cache.GetOrCreateAsync<byte[]?>(key, _ => ValueTask.FromResult<byte[]?>(null), FindOnly, tags: null, cancellationToken).ConfigureAwait(false);
        return Parse<T>(bytes, json);
    }

    /// <summary>Keeps a result.</summary>
    internal async Task SetAsync<T>(string key, T value, JsonSerializerOptions json, CancellationToken cancellationToken) =>
        await cache.SetAsync(key, JsonSerializer.SerializeToUtf8Bytes(value, json), _options, tags: null, cancellationToken).ConfigureAwait(false);

    /// <summary>Counts a look at the cache by the kind of its key.</summary>
    internal void Count(string key, bool isHit) => _counts.AddOrUpdate(
        CacheKey.KindOf(key), _ => isHit ? (1, 0) : (0, 1), (_, counts) => isHit ? (counts.Hits + 1, counts.Misses) : (counts.Hits, counts.Misses + 1));

    private static T? Parse<T>(byte[]? bytes, JsonSerializerOptions json)
        where T : class
    {
        try
        {
            return bytes is not { Length: > 0 } ? null : JsonSerializer.Deserialize<T>(bytes, json);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // Written by another version, or damaged by whoever kept it.
            return null;
        }
    }
}

/// <summary>How often one kind of result was found.</summary>
/// <param name="Kind">What is cached, such as <c>retrieval</c>.</param>
/// <param name="Hits">Looks that found it, ≥ 0.</param>
/// <param name="Misses">Looks that did not, ≥ 0.</param>
public sealed record CacheCounts(string Kind, long Hits, long Misses);
