using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AgentRag.Tokens.BytePairs;

/// <summary>Finds the token of some bytes.</summary>
/// <remarks>
/// Most tokens have at most 15 bytes: with the length as the sixteenth they are one key of two words, compared at once. The table holds the id and a few bits
/// of the hash, so that a miss mostly touches one word of memory. Longer tokens lie in a table of their own.
/// </remarks>
internal sealed class TokenTable
{
    /// <summary>The longest token that is a key by itself.</summary>
    public const int ShortLength = 15;

    /// <summary>Bytes that must be readable from the start of any text that is looked up.</summary>
    public const int ReadableBytes = 16;

    private const int IdBits = 21;
    private const uint IdMask = (1u << IdBits) - 1;

    private static readonly ulong[] LowMasks = [.. Enumerable.Range(0, 16).Select(length => length >= 8 ? ulong.MaxValue : (1UL << (8 * length)) - 1)];
    private static readonly ulong[] HighMasks = [.. Enumerable.Range(0, 16).Select(length => length <= 8 ? 0 : (1UL << (8 * (length - 8))) - 1)];

    private readonly Key[] _keys;
    private readonly uint[] _slots;
    private readonly int _shift;
    private readonly int[] _longSlots;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _tokens;
    private readonly int _maxLength;

    /// <summary>Makes the table.</summary>
    /// <param name="tokens">The bytes of each token by its id; empty ones are not found.</param>
    public TokenTable(IReadOnlyList<ReadOnlyMemory<byte>> tokens)
    {
        if (tokens.Count >= IdMask)
        {
            throw new AgentRagException($"The vocabulary has {tokens.Count:N0} tokens; at most {IdMask - 1:N0} can be used.");
        }

        _tokens = tokens;
        _keys = new Key[tokens.Count];
        var sizeBits = Math.Max(4, BitOperations.Log2((uint)Math.Max(1, tokens.Count)) + 2);
        (_slots, _shift) = (new uint[1 << sizeBits], 64 - sizeBits);
        var longCount = tokens.Count(token => token.Length > ShortLength);
        _longSlots = new int[BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, longCount * 3))];
        Array.Fill(_longSlots, -1);
        for (var id = 0; id < tokens.Count; id++)
        {
            _maxLength = Math.Max(_maxLength, tokens[id].Length);
            Add(tokens[id].Span, id);
        }
    }

    /// <summary>Makes the key of a short text.</summary>
    /// <param name="start">Its first byte; <see cref="ReadableBytes"/> must be readable.</param>
    /// <param name="length">In [0, <see cref="ShortLength"/>].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Key KeyOf(ref byte start, int length) => Key.Of(
        Unsafe.ReadUnaligned<ulong>(ref start), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, 8)), length);

    /// <summary>Finds the token of a text.</summary>
    /// <param name="start">Its first byte; <see cref="ReadableBytes"/> must be readable, even if the text is shorter.</param>
    /// <param name="length">Its bytes, ≥ 1.</param>
    /// <returns>The id; -1 when there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ref byte start, int length) =>
        length <= ShortLength ? Find(KeyOf(ref start, length)) : length > _maxLength ? -1 : FindLong(MemoryMarshal.CreateReadOnlySpan(ref start, length));

    /// <summary>Finds the token of a short text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(Key key)
    {
        var hash = key.Hash();
        var tag = (uint)hash & ~IdMask;
        var slots = _slots;
        for (var slot = (int)(hash >> _shift); ; slot = slot + 1 == slots.Length ? 0 : slot + 1)
        {
            var entry = slots[slot];
            if (entry == 0)
            {
                return -1;
            }

            if ((entry & ~IdMask) == tag)
            {
                var id = (int)(entry & IdMask) - 1;
                if (_keys[id] == key)
                {
                    return id;
                }
            }
        }
    }

    private int FindLong(ReadOnlySpan<byte> text)
    {
        for (var slot = HashOf(text) & (_longSlots.Length - 1); ; slot = (slot + 1) & (_longSlots.Length - 1))
        {
            var id = _longSlots[slot];
            if (id < 0 || _tokens[id].Span.SequenceEqual(text))
            {
                return id;
            }
        }
    }

    private void Add(ReadOnlySpan<byte> token, int id)
    {
        if (token.Length > ShortLength)
        {
            var slot = HashOf(token) & (_longSlots.Length - 1);
            while (_longSlots[slot] >= 0)
            {
                if (_tokens[_longSlots[slot]].Span.SequenceEqual(token))
                {
                    return;
                }

                slot = (slot + 1) & (_longSlots.Length - 1);
            }

            _longSlots[slot] = id;
        }
        else if (token.Length > 0)
        {
            Span<byte> padded = stackalloc byte[ReadableBytes];
            token.CopyTo(padded);
            var key = KeyOf(ref padded[0], token.Length);

            // Of two tokens with the same bytes the first is the one that texts are made of.
            if (Find(key) < 0)
            {
                _keys[id] = key;
                var hash = key.Hash();
                var slot = (int)(hash >> _shift);
                while (_slots[slot] != 0)
                {
                    slot = slot + 1 == _slots.Length ? 0 : slot + 1;
                }

                _slots[slot] = ((uint)hash & ~IdMask) | (uint)(id + 1);
            }
        }
    }

    private static int HashOf(ReadOnlySpan<byte> text)
    {
        var hash = (ulong)text.Length * 0x9E3779B97F4A7C15;
        for (; text.Length >= 8; text = text[8..])
        {
            hash = BitOperations.RotateLeft((hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text)) * 0xC2B2AE3D27D4EB4F, 31);
        }

        foreach (var value in text)
        {
            hash = (hash ^ value) * 0x100000001B3;
        }

        return (int)((hash ^ (hash >> 32)) & int.MaxValue);
    }

    /// <summary>Up to 15 bytes and their number.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Key(ulong Low, ulong High)
    {
        /// <summary>Makes a key of 16 bytes, of which the first ones count.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Key Of(ulong low, ulong high, int length) => new(
            low & Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(LowMasks), length),
            (high & Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(HighMasks), length)) | ((ulong)length << 56));

        /// <summary>Whether all bytes are ASCII.</summary>
        public bool IsAscii => ((Low | High) & 0x8080808080808080) == 0;

        public ulong Hash()
        {
            var hash = (Low * 0x9E3779B97F4A7C15) ^ BitOperations.RotateLeft(High * 0xC2B2AE3D27D4EB4F, 32);
            return (hash ^ (hash >> 29)) * 0xD6E8FEB86659FD93;
        }
    }
}
