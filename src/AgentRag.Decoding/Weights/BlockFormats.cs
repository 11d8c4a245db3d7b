using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AgentRag.Decoding.Weights;

/// <summary>Reads and writes the values of the tensor types.</summary>
/// <remarks>
/// Layouts as in the GGUF specification, little-endian. Q8_0: half d, 32 signed bytes, value d·q. Q4_0: half d, 16 bytes whose low halves are values 0 to
/// 15 and whose high halves 16 to 31, value d·(q − 8). Q4_K and Q6_K: <see cref="Q4K"/>, <see cref="Q6K"/>. Pure; safe for concurrent use.
/// </remarks>
internal static class BlockFormats
{
    /// <summary>Turns stored bytes into numbers.</summary>
    /// <param name="type">The type.</param>
    /// <param name="bytes">Whole blocks.</param>
    /// <param name="values">As many as the blocks hold.</param>
    /// <exception cref="ArgumentException">The lengths do not fit each other.</exception>
    public static void Dequantize(TensorType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        if (values.Length % type.BlockValues() != 0 || bytes.Length != type.RowBytes(values.Length))
        {
            throw new ArgumentException($"{values.Length} values of type {type} need {type.RowBytes(values.Length)} bytes, not {bytes.Length}.", nameof(bytes));
        }

        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case TensorType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = (float)halves[i];
                }

                break;
            case TensorType.BF16:
                var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = FromBFloat16(upper[i]);
                }

                break;
            default:
                var (blockBytes, blockValues) = (type.BlockBytes(), type.BlockValues());
                for (var block = 0; block < values.Length / blockValues; block++)
                {
                    DequantizeBlock(type, bytes.Slice(block * blockBytes, blockBytes), values.Slice(block * blockValues, blockValues));
                }

                break;
        }
    }

    /// <summary>Turns numbers into stored bytes. Floats are rounded to nearest, ties to even; blocks get the scale of their largest value.</summary>
    /// <param name="type">F32, F16, BF16, Q8_0 or Q4_0.</param>
    /// <param name="values">Whole blocks, finite.</param>
    /// <param name="bytes">As many as the blocks take.</param>
    /// <exception cref="ArgumentException">The lengths do not fit each other, or the type cannot be written.</exception>
    public static void Quantize(TensorType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        if (values.Length % type.BlockValues() != 0 || bytes.Length != type.RowBytes(values.Length))
        {
            throw new ArgumentException($"{values.Length} values of type {type} need {type.RowBytes(values.Length)} bytes, not {bytes.Length}.", nameof(bytes));
        }

        switch (type)
        {
            case TensorType.F32:
                values.CopyTo(MemoryMarshal.Cast<byte, float>(bytes));
                break;
            case TensorType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (var i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }

                break;
            case TensorType.BF16:
                var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < values.Length; i++)
                {
                    upper[i] = ToBFloat16(values[i]);
                }

                break;
            case TensorType.Q8_0:
                for (var block = 0; block < values.Length / 32; block++)
                {
                    QuantizeQ8(values.Slice(block * 32, 32), bytes.Slice(block * 34, 34));
                }

                break;
            case TensorType.Q4_0:
                for (var block = 0; block < values.Length / 32; block++)
                {
                    QuantizeQ4(values.Slice(block * 32, 32), bytes.Slice(block * 18, 18));
                }

                break;
            default:
                throw new ArgumentException($"Values of type {type} are read only.", nameof(type));
        }
    }

    /// <summary>Widens a bfloat16.</summary>
    public static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Rounds to bfloat16, ties to even. A finite number may become infinite at the upper end of the range, as with any rounding.</summary>
    public static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Reads a half-precision number.</summary>
    public static float ReadHalf(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    private static void DequantizeBlock(TensorType type, ReadOnlySpan<byte> block, Span<float> values)
    {
        switch (type)
        {
            case TensorType.Q8_0:
                var scale = ReadHalf(block);
                for (var i = 0; i < 32; i++)
                {
                    values[i] = scale * (sbyte)block[2 + i];
                }

                break;
            case TensorType.Q4_0:
                scale = ReadHalf(block);
                for (var i = 0; i < 16; i++)
                {
                    values[i] = scale * ((block[2 + i] & 0xF) - 8);
                    values[16 + i] = scale * ((block[2 + i] >> 4) - 8);
                }

                break;
            case TensorType.Q4_K:
                Q4K.Dequantize(block, values);
                break;
            case TensorType.Q6_K:
                Q6K.Dequantize(block, values);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "No block format.");
        }
    }

    private static void QuantizeQ8(ReadOnlySpan<float> values, Span<byte> block)
    {
        var scale = (Half)(LargestMagnitude(values) / 127);
        var inverse = scale == Half.Zero ? 0 : 1 / (float)scale;
        BinaryPrimitives.WriteHalfLittleEndian(block, scale);
        for (var i = 0; i < 32; i++)
        {
            block[2 + i] = (byte)(sbyte)Math.Clamp(MathF.Round(values[i] * inverse), -127, 127);
        }
    }

    // The value of largest magnitude becomes -8, the one end that 4 bits reach further to.
    private static void QuantizeQ4(ReadOnlySpan<float> values, Span<byte> block)
    {
        var extreme = 0f;
        foreach (var value in values)
        {
            extreme = MathF.Abs(value) > MathF.Abs(extreme) ? value : extreme;
        }

        var scale = (Half)(extreme / -8);
        var inverse = scale == Half.Zero ? 0 : 1 / (float)scale;
        BinaryPrimitives.WriteHalfLittleEndian(block, scale);
        for (var i = 0; i < 16; i++)
        {
            block[2 + i] = (byte)(Code(values[i] * inverse) | (Code(values[16 + i] * inverse) << 4));
        }

        static int Code(float scaled) => (int)Math.Clamp(MathF.Round(scaled) + 8, 0, 15);
    }

    private static float LargestMagnitude(ReadOnlySpan<float> values)
    {
        var largest = 0f;
        foreach (var value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        return largest;
    }
}
