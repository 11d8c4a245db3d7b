using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Decoding.Kernels;

/// <summary>The rows that a matrix is multiplied with, one per token: as numbers, and as 8-bit codes for integer matrices.</summary>
/// <remarks>
/// Each block of 32 values has the scale max|x| / 127 and codes rounded to nearest, ties to even. With them go the sums of 16 codes, which take the
/// offset of unsigned weight codes back out. A row's codes depend on that row alone. Rows may be worked on by different threads.
/// </remarks>
internal sealed unsafe class Activations : IDisposable
{
    private const int Block = PackedMatrix.BlockColumns;

    private readonly NativeBuffer<float> _values;
    private readonly NativeBuffer<sbyte> _codes;
    private readonly NativeBuffer<float> _scales;
    private readonly NativeBuffer<int> _sums;

    /// <param name="rows">Most tokens.</param>
    /// <param name="columns">Values of a row.</param>
    public Activations(int rows, int columns)
    {
        Columns = columns;
        Blocks = (columns + Block - 1) / Block;
        _values = new NativeBuffer<float>((long)rows * Stride);
        _codes = new NativeBuffer<sbyte>((long)rows * Stride);
        _scales = new NativeBuffer<float>((long)rows * Blocks);
        _sums = new NativeBuffer<int>((long)rows * Blocks * 2);
    }

    public int Columns { get; }

    /// <summary>Blocks of a row.</summary>
    public int Blocks { get; }

    /// <summary>From one row to the next, in values and in codes.</summary>
    public int Stride => Blocks * Block;

    public float* Values(int row) => _values.Start + ((long)row * Stride);

    public sbyte* Codes(int row) => _codes.Start + ((long)row * Stride);

    public float* Scales(int row) => _scales.Start + ((long)row * Blocks);

    /// <summary>Two sums per block.</summary>
    public int* Sums(int row) => _sums.Start + ((long)row * Blocks * 2);

    /// <summary>Makes the codes of a row from its values.</summary>
    public void Quantize(int row) => Quantize(row, 0, Blocks);

    /// <summary>Makes the codes of some blocks of a row from its values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Quantize(int row, int firstBlock, int blocks)
    {
        var scales = Scales(row);
        var sums = Sums(row);
        for (var block = firstBlock; block < firstBlock + blocks; block++)
        {
            var values = Values(row) + (block * Block);
            var (v0, v1, v2, v3) = (Vector256.Load(values), Vector256.Load(values + 8), Vector256.Load(values + 16), Vector256.Load(values + 24));
            var largest = Vector256.Max(Vector256.Max(Vector256.Abs(v0), Vector256.Abs(v1)), Vector256.Max(Vector256.Abs(v2), Vector256.Abs(v3)));
            var half = Vector128.Max(largest.GetLower(), largest.GetUpper());
            var magnitude = MathF.Max(MathF.Max(half[0], half[1]), MathF.Max(half[2], half[3]));
            scales[block] = magnitude / 127;
            var inverse = Vector256.Create(magnitude > 0 ? 127 / magnitude : 0);
            var (q0, q1, q2, q3) = (Rounded(v0 * inverse), Rounded(v1 * inverse), Rounded(v2 * inverse), Rounded(v3 * inverse));
            sums[2 * block] = Vector256.Sum(q0 + q1);
            sums[(2 * block) + 1] = Vector256.Sum(q2 + q3);
            Vector256.Narrow(Vector256.Narrow(q0, q1), Vector256.Narrow(q2, q3)).Store(Codes(row) + (block * Block));
        }

        static Vector256<int> Rounded(Vector256<float> values) => Vector256.ConvertToInt32(Vector256.Round(values));
    }

    public void Dispose()
    {
        _values.Dispose();
        _codes.Dispose();
        _scales.Dispose();
        _sums.Dispose();
    }
}
