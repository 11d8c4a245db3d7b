using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Decoding.Kernels;

/// <summary>Numbers of two bytes, widened lane by lane. Exact for every finite number.</summary>
internal static unsafe class Lanes
{
    // Half and single differ by 112 in the bias of their exponents; multiplying also makes half's subnormal numbers normal ones.
    private const float HalfBias = 5192296858534827628530496329220096f; // 2^112

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> HalfToSingle(ushort* source)
    {
        var bits = Widened(source);
        var magnitude = Vector256.ShiftLeft(bits & Vector256.Create(0x7FFFu), 13).AsSingle() * Vector256.Create(HalfBias);
        return magnitude | Vector256.ShiftLeft(bits & Vector256.Create(0x8000u), 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> HalfToSingle512(ushort* source)
    {
        var bits = Widened512(source);
        var magnitude = Vector512.ShiftLeft(bits & Vector512.Create(0x7FFFu), 13).AsSingle() * Vector512.Create(HalfBias);
        return magnitude | Vector512.ShiftLeft(bits & Vector512.Create(0x8000u), 16).AsSingle();
    }

    public static float HalfToSingle(ushort bits)
    {
        var magnitude = BitConverter.UInt32BitsToSingle((bits & 0x7FFFu) << 13) * HalfBias;
        return (bits & 0x8000) != 0 ? -magnitude : magnitude;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> BFloat16ToSingle(ushort* source) => Vector256.ShiftLeft(Widened(source), 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> BFloat16ToSingle512(ushort* source) => Vector512.ShiftLeft(Widened512(source), 16).AsSingle();

    /// <summary>Eight unsigned bytes as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> BytesToSingle(byte* source) => Vector256.ConvertToSingle(
        Vector256.WidenLower(Vector256.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsByte().ToVector256Unsafe()).GetLower().ToVector256Unsafe()).AsInt32());

    /// <summary>Eight signed bytes as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SignedBytesToSingle(byte* source) => Vector256.ConvertToSingle(
        Vector256.WidenLower(Vector256.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsSByte().ToVector256Unsafe()).GetLower().ToVector256Unsafe()));

    private static Vector256<uint> Widened(ushort* source)
    {
        var narrow = Vector128.Load(source);
        return Vector256.WidenLower(narrow.ToVector256Unsafe());
    }

    private static Vector512<uint> Widened512(ushort* source) => Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe());
}
