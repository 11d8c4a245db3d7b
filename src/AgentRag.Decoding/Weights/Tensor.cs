namespace AgentRag.Decoding.Weights;

/// <summary>A tensor inside an open model file.</summary>
/// <remarks>Valid as long as the file is open. Safe for concurrent use.</remarks>
internal sealed unsafe class Tensor
{
    private readonly byte* _values;

    public Tensor(string name, TensorType type, IReadOnlyList<long> shape, byte* values)
    {
        (Name, Type, Shape) = (name, type, shape);
        Rows = shape.Skip(1).Aggregate(1L, (product, length) => product * length);
        _values = values;
    }

    /// <summary>The tensor's name, such as <c>blk.0.attn_q.weight</c>.</summary>
    public string Name { get; }

    /// <summary>How its values are stored.</summary>
    public TensorType Type { get; }

    /// <summary>Length of each dimension, the one whose neighbours lie side by side first; 1 to 4 entries ≥ 1.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Values of a row.</summary>
    public int Columns => (int)Shape[0];

    /// <summary>Rows: the product of all dimensions but the first.</summary>
    public long Rows { get; }

    /// <summary>All bytes of the values.</summary>
    public long Bytes => Type.RowBytes(Columns) * Rows;

    /// <summary>The stored bytes of one row.</summary>
    public ReadOnlySpan<byte> RowBytes(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        var bytes = Type.RowBytes(Columns);
        return new ReadOnlySpan<byte>(_values + (row * bytes), (int)bytes);
    }

    /// <summary>Reads one row as single-precision numbers.</summary>
    /// <param name="row">From 0.</param>
    /// <param name="values">Where they are put: length <see cref="Columns"/>.</param>
    /// <exception cref="ArgumentException">The row does not exist, or the lengths differ.</exception>
    public void ReadRow(long row, Span<float> values) => BlockFormats.Dequantize(Type, RowBytes(row), values);

    /// <summary>Reads all values.</summary>
    /// <returns>Row after row.</returns>
    /// <exception cref="InvalidOperationException">There are more than an array holds.</exception>
    public float[] ReadAll()
    {
        if (Rows * Columns > Array.MaxLength)
        {
            throw new InvalidOperationException($"Tensor {Name} has {Rows * Columns} values: read it by rows.");
        }

        var values = new float[Rows * Columns];
        for (var row = 0L; row < Rows; row++)
        {
            ReadRow(row, values.AsSpan((int)(row * Columns), Columns));
        }

        return values;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Shape)}]";
}
