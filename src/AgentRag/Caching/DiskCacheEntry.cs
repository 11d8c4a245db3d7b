using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Caching;

/// <summary>The file of one entry.</summary>
/// <remarks>
/// Little-endian: magic and version (8 bytes), ticks of the absolute expiry (0 for none), ticks of the sliding expiry (0 for none), lengths of key and
/// value, key, value, SHA-256 of everything before. When it was last used is the file's modification time.
/// </remarks>
internal sealed record DiskCacheEntry(string Key, byte[] Value, long ExpiresAtTicks, long SlidingTicks)
{
    private const int HeaderBytes = 8 + (2 * sizeof(long)) + (2 * sizeof(int));

    private static ReadOnlySpan<byte> Magic => "AGRAGCC1"u8;

    public byte[] ToBytes()
    {
        var key = Encoding.UTF8.GetBytes(Key);
        var bytes = new byte[HeaderBytes + key.Length + Value.Length + SHA256.HashSizeInBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), ExpiresAtTicks);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), SlidingTicks);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), key.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), Value.Length);
        key.CopyTo(bytes.AsSpan(HeaderBytes));
        Value.CopyTo(bytes.AsSpan(HeaderBytes + key.Length));
        SHA256.HashData(bytes.AsSpan(0, bytes.Length - SHA256.HashSizeInBytes), bytes.AsSpan(bytes.Length - SHA256.HashSizeInBytes));
        return bytes;
    }

    /// <summary>Reads an entry.</summary>
    /// <returns>The entry; null when the bytes are not exactly what was written.</returns>
    public static DiskCacheEntry? Parse(ReadOnlySpan<byte> bytes)
    {
        if (KeyLength(bytes) is not { } keyLength)
        {
            return null;
        }

        var valueLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        if (valueLength < 0 || bytes.Length != (long)HeaderBytes + keyLength + valueLength + SHA256.HashSizeInBytes
            || !SHA256.HashData(bytes[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(bytes[^SHA256.HashSizeInBytes..]))
        {
            return null;
        }

        return new DiskCacheEntry(
            Encoding.UTF8.GetString(bytes.Slice(HeaderBytes, keyLength)),
            bytes.Slice(HeaderBytes + keyLength, valueLength).ToArray(),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]));
    }

    /// <summary>Reads the key alone, from the beginning of a file.</summary>
    public static string? ReadKey(Stream file)
    {
        var header = new byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || KeyLength(header) is not { } length || length > file.Length)
        {
            return null;
        }

        var key = new byte[length];
        return file.ReadAtLeast(key, length, throwOnEndOfStream: false) < length ? null : Encoding.UTF8.GetString(key);
    }

    private static int? KeyLength(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderBytes && bytes.StartsWith(Magic) && BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]) is >= 0 and var length ? length : null;
}
