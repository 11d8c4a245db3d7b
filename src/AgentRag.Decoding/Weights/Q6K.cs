namespace AgentRag.Decoding.Weights;

/// <summary>Blocks of 256 values of 6 bits.</summary>
/// <remarks>
/// 128 bytes with the lower 4 bits, 64 bytes with the upper 2 bits, sixteen signed 8-bit scales, half d. Each half of the block, 128 values, is four runs
/// of 32: runs 0 and 1 have the low halves of bytes 0 to 31 and 32 to 63, runs 2 and 3 the high halves; run r has bits 2r and 2r + 1 of the upper bytes.
/// Sub-block s has values 16·s to 16·s + 15. Value: d·scale·(q − 32).
/// </remarks>
internal static class Q6K
{
    public const int SubBlocks = 16;

    private const int UpperAt = 128;
    private const int ScalesAt = 192;
    private const int FactorAt = 208;

    /// <summary>The factor of all scales.</summary>
    public static float Factor(ReadOnlySpan<byte> block) => BlockFormats.ReadHalf(block[FactorAt..]);

    /// <summary>The scale of a sub-block.</summary>
    public static sbyte Scale(ReadOnlySpan<byte> block, int subBlock) => (sbyte)block[ScalesAt + subBlock];

    /// <summary>The 256 codes, each in [0, 63].</summary>
    public static void Codes(ReadOnlySpan<byte> block, Span<byte> codes)
    {
        for (var half = 0; half < 2; half++)
        {
            var lower = block.Slice(half * 64, 64);
            var upper = block.Slice(UpperAt + (half * 32), 32);
            for (var run = 0; run < 4; run++)
            {
                for (var i = 0; i < 32; i++)
                {
                    var low = lower[(run % 2 * 32) + i] >> (run / 2 * 4);
                    codes[(half * 128) + (run * 32) + i] = (byte)((low & 0xF) | (((upper[i] >> (run * 2)) & 3) << 4));
                }
            }
        }
    }

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = Factor(block);
        Span<byte> codes = stackalloc byte[256];
        Codes(block, codes);
        for (var i = 0; i < 256; i++)
        {
            values[i] = d * Scale(block, i / 16) * (codes[i] - 32);
        }
    }
}
