using System.Runtime.InteropServices;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Kernels;

/// <summary>A weight matrix in the order in which the kernels read it.</summary>
/// <remarks>
/// <para>
/// Rows lie in groups of 16, a vector lane per row, so that a product needs no sum across lanes; the last group is filled up with zeros.
/// Floating-point types: for each column the 16 values. Integer types: for each block of 32 columns 8 quads; a quad is 16 rows of 4 codes,
/// 64 bytes. Codes are unsigned: Q8_0 is stored with 128 added, Q4_K and Q6_K as they are; of 4-bit codes one byte holds quad q in its low half and
/// quad q + 4 in its high half. Scales lie apart, in the same order, unconverted: reading weights costs nearly the bytes of the file.
/// </para>
/// <para>Immutable; safe for concurrent use.</para>
/// </remarks>
internal sealed unsafe class PackedMatrix : IDisposable
{
    /// <summary>Rows of a group.</summary>
    public const int GroupRows = 16;

    /// <summary>Columns of a block of an integer type.</summary>
    public const int BlockColumns = 32;

    private readonly NativeBuffer<byte> _codes;
    private readonly NativeBuffer<byte> _scales;

    private PackedMatrix(TensorType type, int rows, int columns)
    {
        (Type, Rows, Columns, Groups) = (type, rows, columns, (rows + GroupRows - 1) / GroupRows);
        (CodeBytesPerGroup, ScaleBytesPerGroup) = type switch
        {
            TensorType.F32 => (64L * columns, 0L),
            TensorType.F16 or TensorType.BF16 => (32L * columns, 0L),
            TensorType.Q8_0 => (16L * columns, (long)columns / 32 * HalfScalesBytes),
            TensorType.Q4_0 => (8L * columns, (long)columns / 32 * HalfScalesBytes),
            TensorType.Q4_K => (8L * columns, (long)columns / 256 * Q4KScalesBytes),
            TensorType.Q6_K => (16L * columns, (long)columns / 256 * Q6KScalesBytes),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such tensor type."),
        };
        _codes = new NativeBuffer<byte>(CodeBytesPerGroup * Groups);
        _scales = new NativeBuffer<byte>(ScaleBytesPerGroup * Groups);
    }

    /// <summary>One half-precision scale for each row of a group.</summary>
    public const int HalfScalesBytes = 32;

    /// <summary>Of 256 columns of Q4_K: d, dmin (halves for 16 rows), then for each of 8 sub-blocks scales and minima (bytes for 16 rows).</summary>
    public const int Q4KScalesBytes = 32 + 32 + (8 * 32);

    /// <summary>Of 256 columns of Q6_K: d (halves for 16 rows), then for each of 16 sub-blocks scales (signed bytes for 16 rows).</summary>
    public const int Q6KScalesBytes = 32 + (16 * 16);

    public TensorType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int Groups { get; }

    /// <summary>Rows with those that fill up the last group: the length of a result.</summary>
    public int PaddedRows => Groups * GroupRows;

    /// <summary>Bytes read for one product.</summary>
    public long Bytes => _codes.Length + _scales.Length;

    private long CodeBytesPerGroup { get; }

    private long ScaleBytesPerGroup { get; }

    public byte* Codes(int group) => _codes.Start + (group * CodeBytesPerGroup);

    public byte* Scales(int group) => _scales.Start + (group * ScaleBytesPerGroup);

    /// <summary>Packs a tensor of two dimensions.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="rowOrder">For each row of the result the tensor's row that it is; null to leave the order.</param>
    /// <param name="threads">How many threads pack.</param>
    /// <exception cref="AgentRagException">The tensor holds infinite numbers.</exception>
    public static PackedMatrix Pack(Tensor tensor, int[]? rowOrder = null, int threads = 1)
    {
        var matrix = new PackedMatrix(tensor.Type, checked((int)tensor.Rows), tensor.Columns);
        try
        {
            Parallel.For(0, matrix.Groups, new ParallelOptions { MaxDegreeOfParallelism = threads }, group => matrix.PackGroup(tensor, rowOrder, group));
            return matrix;
        }
        catch (AggregateException e) when (e.InnerException is AgentRagException fault)
        {
            matrix.Dispose();
            throw new AgentRagException(fault.Message, e);
        }
    }

    public void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
    }

    private void PackGroup(Tensor tensor, int[]? rowOrder, int group)
    {
        Span<byte> spread = stackalloc byte[256];
        var codes = Codes(group);
        var scales = Scales(group);
        for (var lane = 0; lane < GroupRows && (group * GroupRows) + lane < Rows; lane++)
        {
            var row = (group * GroupRows) + lane;
            var bytes = tensor.RowBytes(rowOrder is null ? row : rowOrder[row]);
            switch (Type)
            {
                case TensorType.F32:
                    fixed (byte* source = bytes)
                    {
                        for (var k = 0; k < Columns; k++)
                        {
                            ((uint*)codes)[(k * GroupRows) + lane] = ((uint*)source)[k];
                        }
                    }

                    break;
                case TensorType.F16 or TensorType.BF16:
                    fixed (byte* source = bytes)
                    {
                        for (var k = 0; k < Columns; k++)
                        {
                            var bits = ((ushort*)source)[k];
                            ((ushort*)codes)[(k * GroupRows) + lane] = Type == TensorType.F16 ? RequireFinite(bits, tensor) : bits;
                        }
                    }

                    break;
                case TensorType.Q8_0:
                    for (var block = 0; block < Columns / 32; block++)
                    {
                        var source = bytes.Slice(block * 34, 34);
                        PutHalf(scales + (block * HalfScalesBytes), lane, source, tensor);
                        for (var quad = 0; quad < 8; quad++)
                        {
                            ((uint*)codes)[(block * 128) + (quad * GroupRows) + lane] = MemoryMarshal.Read<uint>(source[(2 + (quad * 4))..]) ^ 0x80808080;
                        }
                    }

                    break;
                case TensorType.Q4_0:
                    for (var block = 0; block < Columns / 32; block++)
                    {
                        var source = bytes.Slice(block * 18, 18);
                        PutHalf(scales + (block * HalfScalesBytes), lane, source, tensor);

                        // Values 0 to 15 are low halves and quads 0 to 3 already; 16 to 31 are high halves and quads 4 to 7.
                        PutNibbles(codes + (block * 256), lane, source[2..]);
                    }

                    break;
                case TensorType.Q4_K:
                    PackQ4K(tensor, bytes, codes, scales, lane, spread);
                    break;
                case TensorType.Q6_K:
                    PackQ6K(tensor, bytes, codes, scales, lane, spread);
                    break;
            }
        }
    }

    private void PackQ4K(Tensor tensor, ReadOnlySpan<byte> bytes, byte* codes, byte* scales, int lane, Span<byte> spread)
    {
        for (var block = 0; block < Columns / 256; block++)
        {
            var source = bytes.Slice(block * 144, 144);
            var target = scales + (block * Q4KScalesBytes);
            PutHalf(target, lane, source, tensor);
            PutHalf(target + 32, lane, source[2..], tensor);
            for (var s = 0; s < Q4K.SubBlocks; s++)
            {
                var (scale, minimum) = Q4K.ScaleAndMinimum(source, s);
                target[64 + (s * 32) + lane] = scale;
                target[64 + (s * 32) + 16 + lane] = minimum;
                Q4K.Codes(source, s, spread);
                for (var i = 0; i < 16; i++)
                {
                    spread[i] |= (byte)(spread[16 + i] << 4);
                }

                PutNibbles(codes + (((block * 8) + s) * 256), lane, spread);
            }
        }
    }

    private void PackQ6K(Tensor tensor, ReadOnlySpan<byte> bytes, byte* codes, byte* scales, int lane, Span<byte> spread)
    {
        for (var block = 0; block < Columns / 256; block++)
        {
            var source = bytes.Slice(block * 210, 210);
            var target = scales + (block * Q6KScalesBytes);
            PutHalf(target, lane, source[208..], tensor);
            for (var s = 0; s < Q6K.SubBlocks; s++)
            {
                target[32 + (s * 16) + lane] = (byte)Q6K.Scale(source, s);
            }

            Q6K.Codes(source, spread);
            for (var quad = 0; quad < 64; quad++)
            {
                ((uint*)codes)[(((block * 64) + quad) * GroupRows) + lane] = MemoryMarshal.Read<uint>(spread[(quad * 4)..]);
            }
        }
    }

    private static void PutNibbles(byte* codes, int lane, ReadOnlySpan<byte> pairs)
    {
        for (var quad = 0; quad < 4; quad++)
        {
            ((uint*)codes)[(quad * GroupRows) + lane] = MemoryMarshal.Read<uint>(pairs[(quad * 4)..]);
        }
    }

    private static void PutHalf(byte* scales, int lane, ReadOnlySpan<byte> source, Tensor tensor) =>
        ((ushort*)scales)[lane] = RequireFinite((ushort)(source[0] | (source[1] << 8)), tensor);

    // The kernels widen halves by shifting, which has no room for infinities.
    private static ushort RequireFinite(ushort half, Tensor tensor) => (half & 0x7C00) != 0x7C00
        ? half
        : throw new AgentRagException($"Tensor {tensor.Name} holds a number that is not finite: the model file is damaged. Download or convert it again.");
}
