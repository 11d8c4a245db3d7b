namespace AgentRag.Decoding.Weights;

/// <summary>Blocks of 256 values of 4 bits.</summary>
/// <remarks>
/// Half d, half dmin; 12 bytes with eight 6-bit scales and eight 6-bit minima; 128 bytes of values. Sub-block s has values 32·s to 32·s + 31; bytes
/// 32·(s / 2) on hold it in their low halves when s is even and in their high halves when it is odd. Value: d·scale·q − dmin·minimum.
/// </remarks>
internal static class Q4K
{
    public const int SubBlocks = 8;

    private const int ScalesAt = 4;
    private const int ValuesAt = 16;

    /// <summary>Scale and minimum of a sub-block, each in [0, 63].</summary>
    public static (byte Scale, byte Minimum) ScaleAndMinimum(ReadOnlySpan<byte> block, int subBlock)
    {
        var packed = block.Slice(ScalesAt, 12);
        return subBlock < 4
            ? ((byte)(packed[subBlock] & 63), (byte)(packed[subBlock + 4] & 63))
            : ((byte)((packed[subBlock + 4] & 0xF) | (packed[subBlock - 4] >> 6 << 4)), (byte)((packed[subBlock + 4] >> 4) | (packed[subBlock] >> 6 << 4)));
    }

    /// <summary>The 32 codes of a sub-block, each in [0, 15].</summary>
    public static void Codes(ReadOnlySpan<byte> block, int subBlock, Span<byte> codes)
    {
        var packed = block.Slice(ValuesAt + (subBlock / 2 * 32), 32);
        var shift = subBlock % 2 * 4;
        for (var i = 0; i < 32; i++)
        {
            codes[i] = (byte)((packed[i] >> shift) & 0xF);
        }
    }

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (d, dmin) = (BlockFormats.ReadHalf(block), BlockFormats.ReadHalf(block[2..]));
        Span<byte> codes = stackalloc byte[32];
        for (var s = 0; s < SubBlocks; s++)
        {
            var (scale, minimum) = ScaleAndMinimum(block, s);
            Codes(block, s, codes);
            for (var i = 0; i < 32; i++)
            {
                values[(s * 32) + i] = (d * scale * codes[i]) - (dmin * minimum);
            }
        }
    }
}
