using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;

namespace AgentRag.Caching;

/// <summary>A hybrid cache over any distributed cache, such as <see cref="DiskCache"/>, without a level in memory.</summary>
/// <remarks>
/// A value that several callers of this process want at once is worked out once. Values are bytes, text, or anything that JSON holds. Tags are kept with the
/// entry and compared with the time at which a tag was last removed; the tag <c>*</c> stands for all entries. Flags about the local level mean nothing here. What the
/// distributed cache throws passes through. Safe for concurrent use.
/// </remarks>
/// <param name="cache">Where entries are kept.</param>
/// <param name="time">The clock of tags; null for the system's.</param>
public sealed class DistributedHybridCache(IDistributedCache cache, TimeProvider? time = null) : HybridCache
{
    private const byte Version = 1;
    private const string AllTags = "*";

    private readonly KeyedLocks _locks = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <inheritdoc/>
    public override async ValueTask<T> GetOrCreateAsync<TState, T>(
        string key,
        TState state,
        Func<TState, CancellationToken, ValueTask<T>> factory,
        HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(factory);
        var flags = options?.Flags ?? HybridCacheEntryFlags.None;
        var reads = !flags.HasFlag(HybridCacheEntryFlags.DisableDistributedCacheRead);
        if (reads && await FindAsync<T>(key, cancellationToken).ConfigureAwait(false) is (true, var found))
        {
            return found!;
        }

        if (flags.HasFlag(HybridCacheEntryFlags.DisableUnderlyingData))
        {
            return default!;
        }

        if (flags.HasFlag(HybridCacheEntryFlags.DisableDistributedCacheWrite))
        {
            return await factory(state, cancellationToken).ConfigureAwait(false);
        }

        using (await _locks.EnterAsync(key, cancellationToken).ConfigureAwait(false))
        {
            if (reads && await FindAsync<T>(key, cancellationToken).ConfigureAwait(false) is (true, var made))
            {
                return made!;
            }

            var value = await factory(state, cancellationToken).ConfigureAwait(false);
            await SetAsync(key, value, options, tags, cancellationToken).ConfigureAwait(false);
            return value;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask SetAsync<T>(
        string key, T value, HybridCacheEntryOptions? options = null, IEnumerable<string>? tags = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (options?.Flags?.HasFlag(HybridCacheEntryFlags.DisableDistributedCacheWrite) is true)
        {
            return;
        }

        await cache.SetAsync(
            key,
            Wrap(Serialize(value), [.. tags ?? []]),
            new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = options?.Expiration },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask RemoveAsync(string key, CancellationToken cancellationToken = default) =>
        await cache.RemoveAsync(key, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public override async ValueTask RemoveByTagAsync(string tag, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        var ticks = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(ticks, _time.GetUtcNow().UtcTicks);
        await cache.SetAsync(KeyOfTag(tag), ticks, new DistributedCacheEntryOptions(), cancellationToken).ConfigureAwait(false);
    }

    private static string KeyOfTag(string tag) => CacheKey.Of("tag", tag);

    private static byte[] Serialize<T>(T value) => value switch
    {
        byte[] bytes => bytes,
        string text => Encoding.UTF8.GetBytes(text),
        _ => JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web),
    };

    private static T? Deserialize<T>(byte[] bytes) =>
        typeof(T) == typeof(byte[]) ? (T)(object)bytes
        : typeof(T) == typeof(string) ? (T)(object)Encoding.UTF8.GetString(bytes)
        : JsonSerializer.Deserialize<T>(bytes, JsonSerializerOptions.Web);

    private byte[] Wrap(byte[] value, IReadOnlyList<string> tags)
    {
        using var stream = new MemoryStream(value.Length + 64);
        using var writer = new BinaryWriter(stream);
        writer.Write(Version);
        writer.Write(_time.GetUtcNow().UtcTicks);
        writer.Write(tags.Count);
        foreach (var tag in tags)
        {
            writer.Write(tag);
        }

        writer.Write(value);
        return stream.ToArray();
    }

    private async Task<(bool IsFound, T? Value)> FindAsync<T>(string key, CancellationToken cancellationToken)
    {
        if (await cache.GetAsync(key, cancellationToken).ConfigureAwait(false) is not { } entry)
        {
            return default;
        }

        try
        {
            using var reader = new BinaryReader(new MemoryStream(entry));
            if (reader.ReadByte() != Version)
            {
                return default;
            }

            var written = reader.ReadInt64();
            List<string> tags = [AllTags];
            for (var left = reader.ReadInt32(); left > 0; left--)
            {
                tags.Add(reader.ReadString());
            }

            foreach (var tag in tags)
            {
                if (await cache.GetAsync(KeyOfTag(tag), cancellationToken).ConfigureAwait(false) is { Length: sizeof(long) } removed
                    && BinaryPrimitives.ReadInt64LittleEndian(removed) >= written)
                {
                    return default;
                }
            }

            return (true, Deserialize<T>(entry[(int)reader.BaseStream.Position..]));
        }
        catch (Exception e) when (e is EndOfStreamException or JsonException or FormatException or DecoderFallbackException)
        {
            // Written by something else, or damaged on the way: a miss.
            return default;
        }
    }
}
