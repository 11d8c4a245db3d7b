using System.Buffers.Binary;
using System.Runtime.InteropServices;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing.Vectors;

/// <summary>Rows that can be written into a vector segment.</summary>
internal interface IVectorRows
{
    int Rows { get; }

    /// <summary>The bytes of neighbouring rows in one column.</summary>
    ReadOnlySpan<byte> Column(VectorColumn column, int first, int count);
}

/// <summary>Rows in memory, made of vectors as a model gives them.</summary>
internal sealed class VectorRows : IVectorRows
{
    private readonly VectorLayout _layout;
    private readonly byte[][] _columns;

    public VectorRows(VectorLayout layout, IReadOnlyList<VectorKey> keys, IReadOnlyList<ReadOnlyMemory<float>> vectors)
    {
        (_layout, Rows) = (layout, keys.Count);
        _columns = [.. Enum.GetValues<VectorColumn>().Select(column => new byte[layout.RowBytes(column) * Rows])];
        var unit = new float[layout.Dimensions];
        for (var row = 0; row < Rows; row++)
        {
            UnitVector.Make(vectors[row].Span, unit);
            keys[row].Write(Row(VectorColumn.Keys, row));
            var codes = MemoryMarshal.Cast<byte, sbyte>(Row(VectorColumn.Codes, row));
            BinaryPrimitives.WriteSingleLittleEndian(Row(VectorColumn.Scales, row), Int8Code.Encode(unit, codes));
            Int8Code.Signs(unit, Row(VectorColumn.Signs, row));
            if (layout.HasFloats)
            {
                var floats = Row(VectorColumn.Floats, row);
                MemoryMarshal.AsBytes(unit.AsSpan()).CopyTo(floats);
                BinaryPrimitives.WriteUInt32LittleEndian(Row(VectorColumn.FloatChecksums, row), Checksum.Of(floats));
            }
        }
    }

    public int Rows { get; }

    public ReadOnlySpan<byte> Column(VectorColumn column, int first, int count)
    {
        var length = _layout.RowBytes(column);
        return _columns[(int)column].AsSpan(first * length, count * length);
    }

    private Span<byte> Row(VectorColumn column, int row)
    {
        var length = _layout.RowBytes(column);
        return _columns[(int)column].AsSpan(row * length, length);
    }
}
