using System.Numerics;
using System.Runtime.InteropServices;

namespace AgentRag.Indexing.Segments;

/// <summary>CRC-32C of bytes; eight at a time by the processor's own instruction where there is one.</summary>
/// <remarks>Guards against disks and half-written files, not against somebody who changes an index on purpose.</remarks>
internal static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(~0u, bytes);

    /// <summary>Continues a checksum; start with all bits set and invert the end.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(state, word);
        }

        foreach (var value in bytes[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, value);
        }

        return state;
    }
}
