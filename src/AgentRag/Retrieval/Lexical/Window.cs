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

    // Sums that are looked at together for a first answer: one bit of a word for each.
    private const int Group = 2 * Lanes;

    private readonly ushort[] _sums = GC.AllocateArray<ushort>(TermEntry.WindowSize + 64, pinned: true);

    // Room for Take512.
    private readonly ushort[] _groups = GC.AllocateArray<ushort>(TermEntry.WindowSize / Group, pinned: true);

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
    /// <param name="count">Sums of the window; a multiple of 64, beyond it all are 0.</param>
    /// <param name="threshold">At least 1.</param>
    /// <param name="locals">Receives their places, ascending.</param>
    /// <param name="values">Receives the sums, in the same way.</param>
    /// <returns>How many there are.</returns>
    public int Take(int count, int threshold, ushort* locals, ushort* values) =>
        level == SimdLevel.Vector512 ? Take512(count, threshold, locals, values) : Take128(count, threshold, locals, values);

    /// <summary>Finds first the groups that hold some, without a branch that could be guessed wrongly, then what they hold.</summary>
    private int Take512(int count, int threshold, ushort* locals, ushort* values)
    {
        var groups = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_groups, 0);
        var sums = Sums;
        var (kept, found) = (0, 0);
        var least = Vector512.Create((ushort)threshold);
        for (var i = 0; i < count; i += Group)
        {
            var (low, high) = (Vector512.Load(sums + i), Vector512.Load(sums + i + Lanes));
            var isKept = Vector512.GreaterThanOrEqual(Vector512.Max(low, high), least).ExtractMostSignificantBits() == 0 ? 0 : 1;
            groups[kept] = (ushort)i;
            kept += isKept;
            var mask = Vector512.Create(-isKept).AsUInt16();
            (low & mask).Store(sums + i);
            (high & mask).Store(sums + i + Lanes);
        }

        for (var group = 0; group < kept; group++)
        {
            int first = groups[group];
            var bits = Vector512.GreaterThanOrEqual(Vector512.Load(sums + first), least).ExtractMostSignificantBits()
                | (Vector512.GreaterThanOrEqual(Vector512.Load(sums + first + Lanes), least).ExtractMostSignificantBits() << Lanes);
            do
            {
                var local = first + BitOperations.TrailingZeroCount(bits);
                (locals[found], values[found++]) = ((ushort)local, sums[local]);
                bits &= bits - 1;
            }
            while (bits != 0);
            Vector512<ushort>.Zero.Store(sums + first);
            Vector512<ushort>.Zero.Store(sums + first + Lanes);
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
