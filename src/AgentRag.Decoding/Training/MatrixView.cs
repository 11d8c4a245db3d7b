using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AgentRag.Decoding.Training;

/// <summary>Numbers seen as a matrix: rows and columns lie any number of places apart.</summary>
internal readonly ref struct MatrixView
{
    private readonly Span<float> _values;
    private readonly int _rowStep;
    private readonly int _columnStep;

    private MatrixView(Span<float> values, int rows, int columns, int rowStep, int columnStep)
    {
        _values = values;
        (Rows, Columns, _rowStep, _columnStep) = (rows, columns, rowStep, columnStep);
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Rows and columns change places.</summary>
    public MatrixView Transposed => new(_values, Columns, Rows, _columnStep, _rowStep);

    /// <summary>Numbers row after row.</summary>
    public static MatrixView Of(Span<float> values, int rows, int columns) => new(values, rows, columns, columns, 1);

    /// <summary>Some columns, next to each other; not of a transposed matrix.</summary>
    public MatrixView ColumnsFrom(int first, int count) => new(_values[first..], Rows, count, _rowStep, 1);

    /// <summary>Adds a product: this += a · b. Each number's sum runs over a's columns in their order.</summary>
    public void AddProduct(MatrixView a, MatrixView b)
    {
        if (a.Rows != Rows || b.Columns != Columns || a.Columns != b.Rows || _columnStep != 1)
        {
            throw new ArgumentException($"{a.Rows} x {a.Columns} times {b.Rows} x {b.Columns} is not {Rows} x {Columns}.", nameof(a));
        }

        if (Rows == 0 || Columns == 0 || a.Columns == 0)
        {
            return;
        }

        // The product reads b along its rows: another order is copied first, which costs little beside the product.
        b = b._columnStep == 1 ? b : b.Packed();
        var row = 0;
        for (; row + 4 <= Rows; row += 4)
        {
            var column = 0;
            for (; column + (2 * Vector<float>.Count) <= Columns; column += 2 * Vector<float>.Count)
            {
                AddBlock(a, b, row, column);
            }

            for (var r = row; r < row + 4; r++)
            {
                AddRow(a, b, r, column);
            }
        }

        for (; row < Rows; row++)
        {
            AddRow(a, b, row, 0);
        }
    }

    private MatrixView Packed()
    {
        var packed = new float[Rows * Columns];
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Columns; column++)
            {
                packed[(row * Columns) + column] = _values[(row * _rowStep) + (column * _columnStep)];
            }
        }

        return Of(packed, Rows, Columns);
    }

    // Four rows by two vectors: eight sums in registers, each number of b read once for four rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddBlock(MatrixView a, MatrixView b, int row, int column)
    {
        var width = Vector<float>.Count;
        ref var from = ref Unsafe.Add(ref MemoryMarshal.GetReference(a._values), row * a._rowStep);
        ref var with = ref Unsafe.Add(ref MemoryMarshal.GetReference(b._values), column);
        ref var into = ref Unsafe.Add(ref MemoryMarshal.GetReference(_values), (row * _rowStep) + column);
        var (c00, c01) = (Vector.LoadUnsafe(ref into), Vector.LoadUnsafe(ref into, (nuint)width));
        var (c10, c11) = (Vector.LoadUnsafe(ref into, (nuint)_rowStep), Vector.LoadUnsafe(ref into, (nuint)(_rowStep + width)));
        var (c20, c21) = (Vector.LoadUnsafe(ref into, (nuint)(2 * _rowStep)), Vector.LoadUnsafe(ref into, (nuint)((2 * _rowStep) + width)));
        var (c30, c31) = (Vector.LoadUnsafe(ref into, (nuint)(3 * _rowStep)), Vector.LoadUnsafe(ref into, (nuint)((3 * _rowStep) + width)));
        for (var k = 0; k < a.Columns; k++)
        {
            var (b0, b1) = (Vector.LoadUnsafe(ref with), Vector.LoadUnsafe(ref with, (nuint)width));
            var a0 = new Vector<float>(from);
            var a1 = new Vector<float>(Unsafe.Add(ref from, a._rowStep));
            var a2 = new Vector<float>(Unsafe.Add(ref from, 2 * a._rowStep));
            var a3 = new Vector<float>(Unsafe.Add(ref from, 3 * a._rowStep));
            (c00, c01) = (Vector.FusedMultiplyAdd(a0, b0, c00), Vector.FusedMultiplyAdd(a0, b1, c01));
            (c10, c11) = (Vector.FusedMultiplyAdd(a1, b0, c10), Vector.FusedMultiplyAdd(a1, b1, c11));
            (c20, c21) = (Vector.FusedMultiplyAdd(a2, b0, c20), Vector.FusedMultiplyAdd(a2, b1, c21));
            (c30, c31) = (Vector.FusedMultiplyAdd(a3, b0, c30), Vector.FusedMultiplyAdd(a3, b1, c31));
            from = ref Unsafe.Add(ref from, a._columnStep);
            with = ref Unsafe.Add(ref with, b._rowStep);
        }

        c00.StoreUnsafe(ref into);
        c01.StoreUnsafe(ref into, (nuint)width);
        c10.StoreUnsafe(ref into, (nuint)_rowStep);
        c11.StoreUnsafe(ref into, (nuint)(_rowStep + width));
        c20.StoreUnsafe(ref into, (nuint)(2 * _rowStep));
        c21.StoreUnsafe(ref into, (nuint)((2 * _rowStep) + width));
        c30.StoreUnsafe(ref into, (nuint)(3 * _rowStep));
        c31.StoreUnsafe(ref into, (nuint)((3 * _rowStep) + width));
    }

    private void AddRow(MatrixView a, MatrixView b, int row, int fromColumn)
    {
        var target = _values.Slice((row * _rowStep) + fromColumn, Columns - fromColumn);
        for (var k = 0; k < a.Columns && target.Length > 0; k++)
        {
            VectorLoops.AddScaled(b._values.Slice((k * b._rowStep) + fromColumn, target.Length), a._values[(row * a._rowStep) + (k * a._columnStep)], target);
        }
    }
}
