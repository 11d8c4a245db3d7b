using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Tests.Weights;

/// <summary>The value at one place of a block, in double precision, straight from the layout's description: one formula per type, no loop shared with the library.</summary>
internal static class BlockOracle
{
    public static double[] Row(TensorType type, ReadOnlySpan<byte> bytes, int count)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = Value(type, bytes.Slice(i / type.BlockValues() * type.BlockBytes(), type.BlockBytes()), i % type.BlockValues());
        }

        return values;
    }

    public static double Value(TensorType type, ReadOnlySpan<byte> block, int i) => type switch
    {
        TensorType.F32 => BitConverter.ToSingle(block),
        TensorType.F16 => Half(block, 0),
        TensorType.BF16 => BitConverter.ToSingle([0, 0, block[0], block[1]]),
        TensorType.Q8_0 => Half(block, 0) * (sbyte)block[2 + i],
        TensorType.Q4_0 => Half(block, 0) * ((i < 16 ? block[2 + i] % 16 : block[2 + i - 16] / 16) - 8),
        TensorType.Q4_K => Q4K(block, i),
        TensorType.Q6_K => Q6K(block, i),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Random bytes that make sound blocks: halves are small and finite.</summary>
    public static byte[] RandomBlocks(Random random, TensorType type, int blocks)
    {
        var bytes = new byte[blocks * type.BlockBytes()];
        random.NextBytes(bytes);
        for (var block = 0; block < blocks; block++)
        {
            var span = bytes.AsSpan(block * type.BlockBytes(), type.BlockBytes());
            switch (type)
            {
                case TensorType.F32:
                    BitConverter.TryWriteBytes(span, (float)((random.NextDouble() * 2) - 1));
                    break;
                case TensorType.BF16:
                    BlockFormats.Quantize(type, [(float)((random.NextDouble() * 2) - 1)], span);
                    break;
                case TensorType.Q6_K:
                    WriteHalf(span[208..], random);
                    break;
                default:
                    WriteHalf(span, random);
                    if (type == TensorType.Q4_K)
                    {
                        WriteHalf(span[2..], random);
                    }

                    break;
            }
        }

        return bytes;
    }

    private static void WriteHalf(Span<byte> bytes, Random random) => BitConverter.TryWriteBytes(bytes, (Half)(((random.NextDouble() * 2) - 1) / 50));

    // Sign, exponent and fraction by hand.
    private static double Half(ReadOnlySpan<byte> block, int at)
    {
        var bits = block[at] | (block[at + 1] << 8);
        var (exponent, fraction) = ((bits >> 10) & 31, bits & 1023);
        var magnitude = exponent == 0 ? fraction * Math.Pow(2, -24) : (1024 + fraction) * Math.Pow(2, exponent - 25);
        return bits >= 0x8000 ? -magnitude : magnitude;
    }

    private static double Q4K(ReadOnlySpan<byte> block, int i)
    {
        var s = i / 32;
        var packed = block.Slice(4, 12);
        var scale = s < 4 ? packed[s] & 0b111111 : (packed[s + 4] & 0b1111) + (16 * (packed[s - 4] >> 6));
        var minimum = s < 4 ? packed[s + 4] & 0b111111 : (packed[s + 4] >> 4) + (16 * (packed[s] >> 6));
        var pair = block[16 + (i / 64 * 32) + (i % 32)];
        var code = i % 64 < 32 ? pair % 16 : pair / 16;
        return (Half(block, 0) * scale * code) - (Half(block, 2) * minimum);
    }

    private static double Q6K(ReadOnlySpan<byte> block, int i)
    {
        var (half, within) = (i / 128, i % 128);
        var lower = block[(half * 64) + (within % 64)];
        var upper = block[128 + (half * 32) + (within % 32)];
        var code = (within < 64 ? lower % 16 : lower / 16) + (16 * ((upper >> (within / 32 * 2)) % 4));
        return Half(block, 208) * (sbyte)block[192 + (i / 16)] * (code - 32);
    }
}
