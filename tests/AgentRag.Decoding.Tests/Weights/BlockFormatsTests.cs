using AgentRag.Decoding.Weights;
using Xunit;

namespace AgentRag.Decoding.Tests.Weights;

public sealed class BlockFormatsTests
{
    public static TheoryData<TensorType> Types => [.. TensorTypes.All];

    [Theory]
    [MemberData(nameof(Types))]
    public void Random_blocks_have_the_values_of_the_formats_description(TensorType type)
    {
        var random = new Random(11);
        var count = Math.Max(type.BlockValues() * 4, 64);
        var bytes = BlockOracle.RandomBlocks(random, type, count / type.BlockValues());
        var values = new float[count];

        BlockFormats.Dequantize(type, bytes, values);

        var expected = BlockOracle.Row(type, bytes, count);
        var largest = expected.Max(Math.Abs);
        Assert.All(Enumerable.Range(0, count), i => Assert.Equal(expected[i], values[i], largest * 3e-7));
    }

    [Fact]
    public void A_Q8_0_block_written_by_hand_is_read()
    {
        // d = 0.5 is 0x3800; codes 1, -1, 127, -127, then zeros.
        byte[] block = [0x00, 0x38, 1, 0xFF, 127, 0x81, .. new byte[28]];
        var values = new float[32];
        BlockFormats.Dequantize(TensorType.Q8_0, block, values);
        Assert.Equal([0.5f, -0.5f, 63.5f, -63.5f, .. new float[28]], values);
    }

    [Fact]
    public void A_Q4_0_block_written_by_hand_is_read()
    {
        // d = 2 is 0x4000; the first byte holds value 0 (code 9) and value 16 (code 0), the others code 8, which is zero.
        byte[] block = [0x00, 0x40, 0x09, .. Enumerable.Repeat((byte)0x88, 15)];
        var values = new float[32];
        BlockFormats.Dequantize(TensorType.Q4_0, block, values);
        Assert.Equal(2, values[0]);
        Assert.Equal(-16, values[16]);
        Assert.Equal(0, values.Sum(MathF.Abs) - 18);
    }

    [Fact]
    public void A_Q4_K_block_written_by_hand_is_read()
    {
        // d = 1, dmin = 0.5; sub-block 5 has scale 0x2A = 42 (low 4 bits 0xA in byte 9, high 2 bits 0b10 in byte 1) and minimum 0x13 = 19
        // (low 4 bits 3 in the high half of byte 9, high 2 bits 0b01 in byte 5).
        var block = new byte[144];
        (block[0], block[1], block[2], block[3]) = (0x00, 0x3C, 0x00, 0x38);
        (block[4 + 1], block[4 + 5], block[4 + 9]) = (0b1000_0000, 0b0100_0000, 0x3A);
        block[16 + 64 + 7] = 0xD0; // value 7 of sub-block 5: code 13
        var values = new float[256];
        BlockFormats.Dequantize(TensorType.Q4_K, block, values);
        Assert.Equal((42 * 13) - 9.5f, values[167]);
        Assert.Equal(-9.5f, values[160]);
        Assert.Equal(0, values[0]);
    }

    [Theory]
    [InlineData(TensorType.F32, 0)]
    [InlineData(TensorType.F16, 1.0 / 2048)]
    [InlineData(TensorType.BF16, 1.0 / 256)]
    public void A_float_survives_writing_and_reading_within_half_a_unit_of_its_last_place(TensorType type, double relative)
    {
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, 500).Select(_ => (float)((random.NextDouble() - 0.5) * 20))];
        var bytes = new byte[type.RowBytes(values.Length)];
        var read = new float[values.Length];
        BlockFormats.Quantize(type, values, bytes);
        BlockFormats.Dequantize(type, bytes, read);
        Assert.All(values.Zip(read), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Math.Abs(pair.First) * relative));
    }

    [Theory]
    [InlineData(TensorType.Q8_0, 127)]
    [InlineData(TensorType.Q4_0, 8)]
    public void A_quantised_value_is_off_by_at_most_about_one_step(TensorType type, int steps)
    {
        var random = new Random(4);
        float[] values = [.. Enumerable.Range(0, 320).Select(_ => (float)((random.NextDouble() - 0.5) * 2))];
        var bytes = new byte[type.RowBytes(values.Length)];
        var read = new float[values.Length];
        BlockFormats.Quantize(type, values, bytes);
        BlockFormats.Dequantize(type, bytes, read);
        for (var block = 0; block < 10; block++)
        {
            var largest = values.Skip(block * 32).Take(32).Max(MathF.Abs);
            Assert.All(Enumerable.Range(block * 32, 32), i => Assert.InRange(MathF.Abs(values[i] - read[i]), 0, largest / steps * 1.01f));
        }
    }

    [Theory]
    [InlineData(1f, 0x3F80)]
    [InlineData(1.00390625f, 0x3F80)] // 1 + 2^-8 lies half way: to the even neighbour below
    [InlineData(1.01171875f, 0x3F82)] // 1 + 3 * 2^-8 lies half way: to the even neighbour above
    [InlineData(-2.5f, 0xC020)]
    public void BFloat16_rounds_ties_to_even(float value, int bits) => Assert.Equal(bits, BlockFormats.ToBFloat16(value));
}
