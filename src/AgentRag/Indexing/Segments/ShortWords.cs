using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>A word of at most <see cref="ShortWords.MaxLength"/> ASCII characters.</summary>
/// <param name="Low">The first eight, the first one lowest; 0 where the word is shorter.</param>
/// <param name="High">The next four.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ShortWord(ulong Low, uint High)
{
    public uint Hash
    {
        get
        {
            var mixed = (Low ^ BitOperations.RotateLeft(High * 0x9E3779B97F4A7C15UL, 32)) * 0xD6E8FEB86659FD93UL;
            return (uint)((mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93UL >> 32);
        }
    }

    /// <summary>Writes the word's characters.</summary>
    /// <returns>How many they are.</returns>
    public int Unpack(Span<char> text)
    {
        Span<byte> bytes = stackalloc byte[16];
        MemoryMarshal.Write(bytes, Low);
        MemoryMarshal.Write(bytes[sizeof(ulong)..], High);
        var end = bytes.IndexOf((byte)0);
        return Encoding.ASCII.GetChars(bytes[..end], text);
    }
}

/// <summary>Which term each short word makes. The word itself stands in the table: where a dictionary goes to three places in memory, this goes to one.</summary>
/// <param name="maxWords">More words are not kept.</param>
internal sealed class ShortWords(int maxWords)
{
    /// <summary>Longest word in characters: nineteen of twenty English words are no longer.</summary>
    public const int MaxLength = 12;

    // A word that finds no place so near is not kept: nobody can write a text that makes look-ups slow.
    private const int MaxProbes = 64;

    private Entry[] _entries = new Entry[1 << 10];
    private int _count;

    /// <summary>Asks for the memory that a word is looked for in.</summary>
    public void Prefetch(ShortWord word) => Segments.Prefetch.Line(ref _entries[word.Hash & (_entries.Length - 1)]);

    /// <summary>Finds the term of a word.</summary>
    public bool TryFind(ShortWord word, out int term)
    {
        var (entries, place) = (_entries, word.Hash);
        for (var probe = 0; probe < MaxProbes; probe++, place++)
        {
            ref var entry = ref entries[place & (entries.Length - 1)];
            if (entry.Low == word.Low && entry.High == word.High)
            {
                term = entry.Term;
                return true;
            }

            if (entry.Low == 0)
            {
                break;
            }
        }

        term = 0;
        return false;
    }

    /// <summary>Keeps the term of a word that was not found, where there is room.</summary>
    public void Add(ShortWord word, int term)
    {
        if (_count == maxWords)
        {
            return;
        }

        if (_count >= _entries.Length / 2)
        {
            var old = _entries;
            _entries = new Entry[old.Length * 2];
            _count = 0;
            foreach (var entry in old)
            {
                if (entry.Low != 0)
                {
                    Put(new(entry.Low, entry.High), entry.Term);
                }
            }
        }

        Put(word, term);
    }

    private void Put(ShortWord word, int term)
    {
        var place = word.Hash;
        for (var probe = 0; probe < MaxProbes; probe++, place++)
        {
            ref var entry = ref _entries[place & (_entries.Length - 1)];
            if (entry.Low == 0)
            {
                entry = new() { Low = word.Low, High = word.High, Term = term };
                _count++;
                return;
            }
        }
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Entry
    {
        public ulong Low;
        public uint High;
        public int Term;
    }
}
