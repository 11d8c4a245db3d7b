using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Decoding.Kernels;

/// <summary>How one integer type is laid out in a <see cref="PackedMatrix"/>. Rows come in two halves of eight.</summary>
internal unsafe interface IIntegerFormat
{
    /// <summary>Bytes of codes for a block of 32 columns.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>Runs of columns with a scale of their own in a block: 1 or 2.</summary>
    static abstract int Runs { get; }

    /// <summary>Whether codes use all 8 bits.</summary>
    static abstract bool IsWide { get; }

    /// <summary>How much codes lie above the values they stand for.</summary>
    static abstract int Offset { get; }

    /// <summary>Whether a minimum is taken away from each value.</summary>
    static abstract bool HasMinimum { get; }

    /// <summary>The codes of a quad, four for each of eight rows.</summary>
    static abstract Vector256<byte> Codes(byte* block, int quad, int half);

    /// <summary>One code.</summary>
    static abstract int Code(byte* block, int quad, int lane, int at);

    /// <summary>The scales of a run for eight rows.</summary>
    static abstract Vector256<float> Scales(byte* scales, int block, int run, int half);

    /// <summary>The minima of a block for eight rows.</summary>
    static abstract Vector256<float> Minima(byte* scales, int block, int half);
}

/// <summary>8 bits, stored with 128 added.</summary>
internal readonly unsafe struct Q8Format : IIntegerFormat
{
    public static int BlockBytes => 512;

    public static int Runs => 1;

    public static bool IsWide => true;

    public static int Offset => 128;

    public static bool HasMinimum => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Codes(byte* block, int quad, int half) => Vector256.Load(block + (quad * 64) + (half * 32));

    public static int Code(byte* block, int quad, int lane, int at) => block[(quad * 64) + (lane * 4) + at];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scales(byte* scales, int block, int run, int half) => Lanes.HalfToSingle((ushort*)(scales + (block * 32) + (half * 16)));

    public static Vector256<float> Minima(byte* scales, int block, int half) => default;
}

/// <summary>4 bits, stored with 8 added.</summary>
internal readonly unsafe struct Q4Format : IIntegerFormat
{
    public static int BlockBytes => 256;

    public static int Runs => 1;

    public static bool IsWide => false;

    public static int Offset => 8;

    public static bool HasMinimum => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Codes(byte* block, int quad, int half)
    {
        var pairs = Vector256.Load(block + (quad % 4 * 64) + (half * 32));
        return (quad < 4 ? pairs : Vector256.ShiftRightLogical(pairs.AsUInt16(), 4).AsByte()) & Vector256.Create((byte)0xF);
    }

    public static int Code(byte* block, int quad, int lane, int at) => (block[(quad % 4 * 64) + (lane * 4) + at] >> (quad / 4 * 4)) & 0xF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scales(byte* scales, int block, int run, int half) => Lanes.HalfToSingle((ushort*)(scales + (block * 32) + (half * 16)));

    public static Vector256<float> Minima(byte* scales, int block, int half) => default;
}

/// <summary>4 bits, with scales and minima of two levels.</summary>
internal readonly unsafe struct Q4KFormat : IIntegerFormat
{
    public static int BlockBytes => 256;

    public static int Runs => 1;

    public static bool IsWide => false;

    public static int Offset => 0;

    public static bool HasMinimum => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Codes(byte* block, int quad, int half) => Q4Format.Codes(block, quad, half);

    public static int Code(byte* block, int quad, int lane, int at) => Q4Format.Code(block, quad, lane, at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scales(byte* scales, int block, int run, int half)
    {
        var record = scales + ((block >> 3) * PackedMatrix.Q4KScalesBytes);
        return Lanes.HalfToSingle((ushort*)(record + (half * 16))) * Lanes.BytesToSingle(record + 64 + ((block & 7) * 32) + (half * 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Minima(byte* scales, int block, int half)
    {
        var record = scales + ((block >> 3) * PackedMatrix.Q4KScalesBytes);
        return Lanes.HalfToSingle((ushort*)(record + 32 + (half * 16))) * Lanes.BytesToSingle(record + 64 + ((block & 7) * 32) + 16 + (half * 8));
    }
}

/// <summary>6 bits, stored with 32 added, with a scale for each 16 columns.</summary>
internal readonly unsafe struct Q6KFormat : IIntegerFormat
{
    public static int BlockBytes => 512;

    public static int Runs => 2;

    public static bool IsWide => false;

    public static int Offset => 32;

    public static bool HasMinimum => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Codes(byte* block, int quad, int half) => Vector256.Load(block + (quad * 64) + (half * 32));

    public static int Code(byte* block, int quad, int lane, int at) => block[(quad * 64) + (lane * 4) + at];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scales(byte* scales, int block, int run, int half)
    {
        var record = scales + ((block >> 3) * PackedMatrix.Q6KScalesBytes);
        return Lanes.HalfToSingle((ushort*)(record + (half * 16))) * Lanes.SignedBytesToSingle(record + 32 + ((((block & 7) * 2) + run) * 16) + (half * 8));
    }

    public static Vector256<float> Minima(byte* scales, int block, int half) => default;
}
