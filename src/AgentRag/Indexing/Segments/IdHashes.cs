using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>Finds the number of an id by its hash: two columns, the hashes sorted and the numbers beside them.</summary>
internal static class IdHashes
{
    public static uint Of(string id) => Of(Encoding.UTF8.GetBytes(id));

    /// <summary>FNV-1a with a last mixing: good enough to find things, whatever the processor.</summary>
    public static uint Of(ReadOnlySpan<byte> utf8)
    {
        var hash = 2166136261u;
        foreach (var value in utf8)
        {
            hash = (hash ^ value) * 16777619u;
        }

        hash ^= hash >> 15;
        hash *= 0x2c1b3c6du;
        return hash ^ (hash >> 12);
    }

    public static void Write(SegmentStream stream, SegmentSection section, ReadOnlySpan<uint> hashes)
    {
        var pairs = new ulong[hashes.Length];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = ((ulong)hashes[i] << 32) | (uint)i;
        }

        Array.Sort(pairs);
        var columns = new uint[pairs.Length * 2];
        for (var i = 0; i < pairs.Length; i++)
        {
            (columns[i], columns[pairs.Length + i]) = ((uint)(pairs[i] >> 32), (uint)pairs[i]);
        }

        stream.Write<uint>(section, columns);
    }

    /// <summary>The numbers whose ids have a hash; the caller compares the ids themselves.</summary>
    public static ReadOnlySpan<uint> Find(ReadOnlySpan<byte> section, uint hash)
    {
        var columns = MemoryMarshal.Cast<byte, uint>(section);
        var hashes = columns[..(columns.Length / 2)];
        var (low, high) = (0, hashes.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = hashes[middle] < hash ? (middle + 1, high) : (low, middle);
        }

        var end = low;
        while (end < hashes.Length && hashes[end] == hash)
        {
            end++;
        }

        return columns[hashes.Length..][low..end];
    }
}
