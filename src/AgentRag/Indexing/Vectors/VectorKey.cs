using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Indexing.Vectors;

/// <summary>What a vector is found by: the first half of the SHA-256 of the text that was embedded.</summary>
/// <remarks>Titles and prefixes are part of that text, so a changed title is embedded anew, and a rebuilt index finds its old vectors again.</remarks>
/// <param name="First">Bytes 0 to 7 of the hash.</param>
/// <param name="Second">Bytes 8 to 15.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct VectorKey(ulong First, ulong Second)
{
    public const int ByteCount = 16;

    public static VectorKey Of(string embeddedText)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(embeddedText), hash);
        return Read(hash);
    }

    public static VectorKey Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, First);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Second);
    }
}
