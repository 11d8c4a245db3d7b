using System.Numerics;

namespace AgentRag.Indexing.Segments;

/// <summary>The hash table that finds a term: one cache miss instead of the eighteen of a binary search.</summary>
internal static class TermSlots
{
    public static uint[] Make(StringTableBuilder terms)
    {
        var slots = new uint[BitOperations.RoundUpToPowerOf2((uint)(terms.Count * 3L / 2) + 1)];
        var mask = (uint)slots.Length - 1;
        for (var term = 0; term < terms.Count; term++)
        {
            var slot = IdHashes.Of(terms.Bytes(term)) & mask;
            while (slots[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            slots[slot] = (uint)term + 1;
        }

        return slots;
    }

    /// <summary>Finds a term.</summary>
    /// <returns>Its number, or -1.</returns>
    public static int Find(ReadOnlySpan<uint> slots, ReadOnlySpan<byte> text, ReadOnlySpan<uint> ends, ReadOnlySpan<byte> term)
    {
        var mask = (uint)slots.Length - 1;
        var slot = IdHashes.Of(term) & mask;
        for (var probes = 0; probes < slots.Length && slots[(int)slot] != 0; probes++)
        {
            var found = (int)slots[(int)slot] - 1;
            var start = found == 0 ? 0 : (int)ends[found - 1];
            if (text[start..(int)ends[found]].SequenceEqual(term))
            {
                return found;
            }

            slot = (slot + 1) & mask;
        }

        return -1;
    }
}
