using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>The upper bounds of the scores of one window of passages, 16 bits each: small enough to stay in the nearest cache.</summary>
/// <param name="level">The vectors to use.</param>
internal sealed unsafe class Window(SimdLevel level)
{
    /// <summary>How many maxima <see cref="Maxima"/> gives.</summary>
    public const int MaximaCount = TermEntry.WindowSize / MaximumOf;
    private const int MaximumOf = 8;

    // Numbers in the widest vector.
    private const int Lanes = 32;

    // Measured: from so many finds per window on, mispredicted branches cost more than compressing every vector.
    private const int ManyTaken = 48;

    /// <summary>Room behind what <see cref="Take"/> finds: it writes whole vectors.</summary>
    public const int Spare = 32;

    private readonly ushort[] _sums = GC.AllocateArray<ushort>(TermEntry.WindowSize + 64, pinned: true);

    // Room for TakeMany.
    private readonly ushort[] _vectors = GC.AllocateArray<ushort>(TermEntry.WindowSize + Lanes, pinned: true);
    private readonly ushort[] _places = GC.AllocateArray<ushort>((TermEntry.WindowSize / Lanes) + 1, pinned: true);

    // What was taken from the window before: its neighbour will give about as many.
    private int _taken;

    /// <summary>64-byte aligned: no vector lies across two lines of the cache.</summary>
    private ushort* Sums
    {
        get
        {
            var address = (nint)Marshal.UnsafeAddrOfPinnedArrayElement(_sums, 0);
            return (ushort*)((address + 63) & ~(nint)63);
        }
    }

    /// <summary>Adds postings that are counted from the window's first passage.</summary>
    public void Add(ushort* locals, byte* codes, int count, ushort* values)
    {
        var sums = Sums;
        var i = 0;
        for (; i <= count - 4; i += 4)
        {
            sums[locals[i]] += values[codes[i]];
            sums[locals[i + 1]] += values[codes[i + 1]];
            sums[locals[i + 2]] += values[codes[i + 2]];
            sums[locals[i + 3]] += values[codes[i + 3]];
        }

        for (; i < count; i++)
        {
            sums[locals[i]] += values[codes[i]];
        }
    }

    /// <summary>Adds one posting.</summary>
    public void Add(int local, ushort value) => Sums[local] += value;

    /// <summary>Adds a piece of a dense row.</summary>
    /// <param name="row">The codes, all below 64.</param>
    /// <param name="count">How many; a multiple of 64.</param>
    /// <param name="values">The value of each code; that of code 0 is 0.</param>
    public void AddRow(byte* row, int count, ushort* values)
    {
        var sums = Sums;
        if (level == SimdLevel.Vector512)
        {
            var (low, high) = (Vector512.Load(values), Vector512.Load(values + 32));
            for (var i = 0; i < count; i += 32)
            {
                var codes = Avx512BW.ConvertToVector512UInt16(Vector256.Load(row + i));
                (Vector512.Load(sums + i) + Avx512BW.PermuteVar32x16x2(low, codes, high)).Store(sums + i);
            }
        }
        else if (level == SimdLevel.Vector256)
        {
            AddRow256(row, count, values, sums);
        }
        else
        {
            for (var i = 0; i < count; i++)
            {
                sums[i] += values[row[i]];
            }
        }
    }

    /// <summary>Counts the sums that reach a threshold.</summary>
    public int CountAtLeast(int count, int threshold)
    {
        var sums = Sums;
        var found = 0;
        if (level == SimdLevel.Vector512)
        {
            var least = Vector512.Create((ushort)threshold);
            for (var i = 0; i < count; i += 32)
            {
                found += BitOperations.PopCount(Vector512.GreaterThanOrEqual(Vector512.Load(sums + i), least).ExtractMostSignificantBits());
            }

            return found;
        }

        var least128 = Vector128.Create((ushort)threshold);
        for (var i = 0; i < count; i += 8)
        {
            found += BitOperations.PopCount(Vector128.GreaterThanOrEqual(Vector128.Load(sums + i), least128).ExtractMostSignificantBits());
        }

        return found;
    }

    /// <summary>Takes out the sums that reach a threshold, and sets all to 0.</summary>
    /// <param name="count">Sums of the window; rounded up to a multiple of 128, beyond it all are 0.</param>
    /// <param name="threshold">At least 1.</param>
    /// <param name="locals">Receives their places, ascending; needs <see cref="Spare"/> more room.</param>
    /// <param name="values">Receives the sums, in the same way.</param>
    /// <returns>How many there are.</returns>
    public int Take(int count, int threshold, ushort* locals, ushort* values) => _taken = level != SimdLevel.Vector512 ? Take128(count, threshold, locals, values)
        : _taken >= ManyTaken && Avx512Vbmi2.IsSupported ? TakeMany(count, threshold, locals, values)
        : TakeFew(count, threshold, locals, values);

    private int TakeFew(int count, int threshold, ushort* locals, ushort* values)
    {
        const int Group = 128;
        var found = 0;
        var least = Vector512.Create((ushort)threshold);
        var end = Sums + count;
        for (var sums = Sums; sums < end; sums += Group)
        {
            var (first, second, third, fourth) = (Vector512.Load(sums), Vector512.Load(sums + 32), Vector512.Load(sums + 64), Vector512.Load(sums + 96));
            var max = Vector512.Max(Vector512.Max(first, second), Vector512.Max(third, fourth));
            if (Vector512.GreaterThanOrEqual(max, least).ExtractMostSignificantBits() != 0)
            {
                var local = (int)(sums - Sums);
                found = TakeFrom(first, least, local, locals, values, found);
                found = TakeFrom(second, least, local + 32, locals, values, found);
                found = TakeFrom(third, least, local + 64, locals, values, found);
                found = TakeFrom(fourth, least, local + 96, locals, values, found);
            }

            Vector512<ushort>.Zero.Store(sums);
            Vector512<ushort>.Zero.Store(sums + 32);
            Vector512<ushort>.Zero.Store(sums + 64);
            Vector512<ushort>.Zero.Store(sums + 96);
        }

        return found;
    }

    private int TakeFrom(Vector512<ushort> vector, Vector512<ushort> least, int first, ushort* locals, ushort* values, int found)
    {
        for (var bits = Vector512.GreaterThanOrEqual(vector, least).ExtractMostSignificantBits(); bits != 0; bits &= bits - 1)
        {
            var local = first + BitOperations.TrailingZeroCount(bits);
            (locals[found], values[found++]) = ((ushort)local, Sums[local]);
        }

        return found;
    }

    /// <summary>The same for many finds: first the vectors that hold some, without a branch that could be guessed wrongly, then what they hold.</summary>
    private int TakeMany(int count, int threshold, ushort* locals, ushort* values)
    {
        var vectors = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, 0);
        var places = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_places, 0);
        var sums = Sums;
        var (kept, found) = (0, 0);
        var least = Vector512.Create((ushort)threshold);
        for (var i = 0; i < count; i += Lanes)
        {
            var vector = Vector512.Load(sums + i);
            vector.Store(vectors + (kept * Lanes));
            places[kept] = (ushort)i;
            kept += Vector512.GreaterThanOrEqual(vector, least).ExtractMostSignificantBits() == 0 ? 0 : 1;
            Vector512<ushort>.Zero.Store(sums + i);
        }

        for (var i = 0; i < kept; i++)
        {
            var vector = Vector512.Load(vectors + (i * Lanes));
            var mask = Vector512.GreaterThanOrEqual(vector, least);
            Avx512Vbmi2.Compress(Vector512<ushort>.Zero, mask, vector).Store(values + found);
            Avx512Vbmi2.Compress(Vector512<ushort>.Zero, mask, Vector512<ushort>.Indices + Vector512.Create(places[i])).Store(locals + found);
            found += BitOperations.PopCount(mask.ExtractMostSignificantBits());
        }

        return found;
    }

    private int Take128(int count, int threshold, ushort* locals, ushort* values)
    {
        var sums = Sums;
        var found = 0;
        var least = Vector128.Create((ushort)threshold);
        for (var i = 0; i < count; i += 8)
        {
            for (var bits = Vector128.GreaterThanOrEqual(Vector128.Load(sums + i), least).ExtractMostSignificantBits(); bits != 0; bits &= bits - 1)
            {
                var local = i + BitOperations.TrailingZeroCount(bits);
                (locals[found], values[found++]) = ((ushort)local, sums[local]);
            }

            Vector128<ushort>.Zero.Store(sums + i);
        }

        return found;
    }

    /// <summary>The greatest sum of each of <see cref="MaximaCount"/> groups: as many passages reach the k-th of them.</summary>
    public void Maxima(ushort* maxima)
    {
        var sums = Sums;
        for (var i = 0; i < MaximaCount; i += 8)
        {
            var max = Vector128.Load(sums + i);
            for (var group = 1; group < MaximumOf; group++)
            {
                max = Vector128.Max(max, Vector128.Load(sums + i + (group * MaximaCount)));
            }

            max.Store(maxima + i);
        }
    }

    /// <summary>Sets all to 0, after a search that broke off.</summary>
    public void Clear() => Array.Clear(_sums);

    /// <summary>A table of 64 words is four tables of 16 low bytes and four of 16 high ones; each shuffle looks up the codes of one quarter.</summary>
    private static void AddRow256(byte* row, int count, ushort* values, ushort* sums)
    {
        var low = stackalloc Vector256<byte>[4];
        var high = stackalloc Vector256<byte>[4];
        for (var quarter = 0; quarter < 4; quarter++)
        {
            var (first, second) = (Vector128.Load(values + (quarter * 16)), Vector128.Load(values + (quarter * 16) + 8));
            var mask = Vector128.Create((ushort)0xFF);
            var (lows, highs) = (Vector128.Narrow(first & mask, second & mask), Vector128.Narrow(first >> 8, second >> 8));
            (low[quarter], high[quarter]) = (Vector256.Create(lows, lows), Vector256.Create(highs, highs));
        }

        var (nibbleMask, quarterMask) = (Vector256.Create((byte)0x0F), Vector256.Create((byte)0x30));
        for (var i = 0; i < count; i += 32)
        {
            var codes = Vector256.Load(row + i);
            var (nibbles, quarters) = (codes & nibbleMask, codes & quarterMask);
            var (lows, highs) = (Vector256<byte>.Zero, Vector256<byte>.Zero);
            for (var quarter = 0; quarter < 4; quarter++)
            {
                var mask = Vector256.Equals(quarters, Vector256.Create((byte)(quarter * 16)));
                lows |= mask & Avx2.Shuffle(low[quarter], nibbles);
                highs |= mask & Avx2.Shuffle(high[quarter], nibbles);
            }

            // Unpacking works within halves: the first result holds codes 0-7 and 16-23, the second 8-15 and 24-31.
            var (even, odd) = (Avx2.UnpackLow(lows, highs).AsUInt16(), Avx2.UnpackHigh(lows, highs).AsUInt16());
            (Vector256.Load(sums + i) + Vector256.Create(even.GetLower(), odd.GetLower())).Store(sums + i);
            (Vector256.Load(sums + i + 16) + Vector256.Create(even.GetUpper(), odd.GetUpper())).Store(sums + i + 16);
        }
    }
}
