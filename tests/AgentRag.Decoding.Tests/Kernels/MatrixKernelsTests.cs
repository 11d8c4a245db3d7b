using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Tests.Weights;
using AgentRag.Decoding.Weights;
using Xunit;

namespace AgentRag.Decoding.Tests.Kernels;

public sealed unsafe class MatrixKernelsTests
{
    public static TheoryData<TensorType, int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<TensorType, int, int>();
            foreach (var type in TensorTypes.All)
            {
                foreach (var (rows, columns) in ((int, int)[])[(16, 256), (5, 512), (33, 768)])
                {
                    shapes.Add(type, rows, columns);
                }
            }

            shapes.Add(TensorType.F32, 20, 48);
            shapes.Add(TensorType.Q8_0, 40, 32);
            shapes.Add(TensorType.Q4_0, 17, 96);
            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Products_are_those_in_double_precision_and_equal_bit_for_bit_with_all_instructions(TensorType type, int rows, int columns)
    {
        const int Tokens = 11;
        var random = new Random((rows * 1_000) + columns);
        var bytes = BlockOracle.RandomBlocks(random, type, rows * columns / type.BlockValues());
        using var x = new Activations(Tokens, columns);
        for (var t = 0; t < Tokens; t++)
        {
            for (var i = 0; i < columns; i++)
            {
                x.Values(t)[i] = (float)((random.NextDouble() * 2) - 1);
            }

            x.Quantize(t);
        }

        fixed (byte* source = bytes)
        {
            using var matrix = PackedMatrix.Pack(new Tensor("t", type, [columns, rows], source));
            var expected = Products(type, bytes, rows, columns, x, Tokens);
            var portable = Run(InstructionSet.Portable, matrix, x, Tokens, together: 1);
            var largest = expected.Max(Math.Abs);
            Assert.All(Enumerable.Range(0, expected.Length), i => Assert.Equal(expected[i], portable[(i / rows * matrix.PaddedRows) + (i % rows)], largest * 1e-5));
            foreach (var set in InstructionSets.Supported)
            {
                foreach (var together in (int[])[1, 3, 4, Tokens])
                {
                    Assert.True(portable.AsSpan().SequenceEqual(Run(set, matrix, x, Tokens, together)), $"{set}, {together} tokens together");
                }
            }
        }
    }

    [Fact]
    public void A_code_of_minus_128_and_the_largest_sums_stay_exact()
    {
        // Every product is -128 * 127 or 127 * 127, the worst there is for sums of 16 bits.
        const int Columns = 64;
        var bytes = new byte[2 * 34];
        for (var block = 0; block < 2; block++)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(block * 34), (Half)1);
            bytes.AsSpan((block * 34) + 2, 32).Fill(block == 0 ? (byte)0x80 : (byte)0x7F);
        }

        using var x = new Activations(1, Columns);
        new Span<float>(x.Values(0), Columns).Fill(127);
        x.Quantize(0);
        fixed (byte* source = bytes)
        {
            using var matrix = PackedMatrix.Pack(new Tensor("t", TensorType.Q8_0, [Columns, 1], source));
            Assert.All(InstructionSets.Supported, set => Assert.Equal(32 * 127 * (-128 + 127), Run(set, matrix, x, 1, 1)[0]));
        }
    }

    [Fact]
    public void Rows_can_be_reordered_and_what_fills_up_a_group_is_zero()
    {
        float[] values = [1, 0, 0, 1, 1, 1];
        fixed (float* source = values)
        {
            using var matrix = PackedMatrix.Pack(new Tensor("t", TensorType.F32, [2, 3], (byte*)source), [2, 0, 1]);
            using var x = new Activations(1, 2);
            (x.Values(0)[0], x.Values(0)[1]) = (10, 3);
            Assert.Equal([13, 10, 3, .. new float[13]], Run(InstructionSets.Best, matrix, x, 1, 1));
        }
    }

    [Theory]
    [InlineData(TensorType.F16, 0), InlineData(TensorType.Q8_0, 0), InlineData(TensorType.Q4_K, 2), InlineData(TensorType.Q6_K, 208)]
    public void An_infinite_number_is_an_error(TensorType type, int at)
    {
        var bytes = new byte[type.BlockBytes()];
        (bytes[at], bytes[at + 1]) = (0x00, 0x7C);
        fixed (byte* source = bytes)
        {
            var tensor = new Tensor("blk.0.ffn_up.weight", type, [type.BlockValues(), 1], source);
            Assert.Equal(
                "Tensor blk.0.ffn_up.weight holds a number that is not finite: the model file is damaged. Download or convert it again.",
                Assert.Throws<AgentRagException>(() => PackedMatrix.Pack(tensor)).Message);
        }
    }

    [Fact]
    public void Codes_of_activations_are_rounded_to_even_and_summed()
    {
        using var x = new Activations(1, 32);
        for (var i = 0; i < 32; i++)
        {
            x.Values(0)[i] = i switch { 0 => 127, 1 => 0.5f, 2 => 1.5f, 3 => -2.5f, 20 => -63, _ => 0 };
        }

        x.Quantize(0);
        Assert.Equal(1, x.Scales(0)[0]);
        Assert.Equal([127, 0, 2, -2], new ReadOnlySpan<sbyte>(x.Codes(0), 4).ToArray());
        Assert.Equal([127, -63], new ReadOnlySpan<int>(x.Sums(0), 2).ToArray());
    }

    private static float[] Run(InstructionSet set, PackedMatrix matrix, Activations x, int tokens, int together)
    {
        using var output = new NativeBuffer<float>((long)tokens * matrix.PaddedRows);
        for (var group = 0; group < matrix.Groups; group++)
        {
            for (var first = 0; first < tokens; first += together)
            {
                var target = output.Start + ((long)first * matrix.PaddedRows) + (group * PackedMatrix.GroupRows);
                MatrixKernels.Multiply(set, matrix, group, x, first, Math.Min(together, tokens - first), target, matrix.PaddedRows);
            }
        }

        return output.Slice(0, (int)output.Length).ToArray();
    }

    // Integer matrices are multiplied with the codes; the others with the values.
    private static double[] Products(TensorType type, byte[] bytes, int rows, int columns, Activations x, int tokens)
    {
        var products = new double[tokens * rows];
        var rowBytes = (int)type.RowBytes(columns);
        for (var row = 0; row < rows; row++)
        {
            var weights = BlockOracle.Row(type, bytes.AsSpan(row * rowBytes, rowBytes), columns);
            for (var t = 0; t < tokens; t++)
            {
                for (var i = 0; i < columns; i++)
                {
                    products[(t * rows) + row] += weights[i] * (type.IsQuantized() ? (double)x.Scales(t)[i / 32] * x.Codes(t)[i] : x.Values(t)[i]);
                }
            }
        }

        return products;
    }
}
