using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AgentRag.Decoding.Kernels;

/// <summary>Adds sums of four byte products, exactly.</summary>
internal interface IDotProduct
{
    /// <summary>Whether wide codes are used without their offset.</summary>
    static abstract bool RemovesOffset { get; }

    /// <summary>Codes below 128, times signed codes.</summary>
    static abstract Vector256<int> Add(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x);

    /// <summary>Codes of all 8 bits, times signed codes; without the offset of 128 if <see cref="RemovesOffset"/>.</summary>
    static abstract Vector256<int> AddWide(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x);
}

/// <summary>One instruction of AVX-VNNI.</summary>
internal readonly struct VnniDot : IDotProduct
{
    public static bool RemovesOffset => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x) => AvxVnni.MultiplyWideningAndAdd(sum, codes, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddWide(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x) => AvxVnni.MultiplyWideningAndAdd(sum, codes, x);
}

/// <summary>AVX2: pairs of products must fit into 16 bits, so wide codes become magnitudes, and their signs go over to the other factor.</summary>
internal readonly struct Avx2Dot : IDotProduct
{
    public static bool RemovesOffset => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x) =>
        sum + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(codes, x), Vector256.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddWide(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x)
    {
        var signed = (codes ^ Vector256.Create((byte)0x80)).AsSByte();
        return Add(sum, Avx2.Abs(signed), Avx2.Sign(x, signed));
    }
}
