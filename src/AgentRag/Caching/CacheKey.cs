using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgentRag.Caching;

/// <summary>Makes the keys of a cache: <c>agentrag/KIND/SHA-256</c> of everything that the value depends on.</summary>
internal static class CacheKey
{
    private const string Prefix = "agentrag";

    /// <summary>Makes a key.</summary>
    /// <param name="kind">What is cached, such as <c>retrieval</c>.</param>
    /// <param name="parts">All that the value depends on, in a fixed order.</param>
    public static string Of(string kind, params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in parts)
        {
            // With its length in front, so that what ends one part cannot begin the next; in UTF-16, so that no two texts are one.
            BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
            hash.AppendData(length);
            hash.AppendData(MemoryMarshal.AsBytes(part.AsSpan()));
        }

        return $"{Prefix}/{kind}/{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    /// <summary>The kind of a key; <c>other</c> for a key that was not made here.</summary>
    public static string KindOf(string key) => key.Split('/') is [Prefix, { Length: > 0 } kind, _] ? kind : "other";
}
