using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AgentRag.Indexing.Vectors;

/// <summary>What stands at the beginning of a vector segment, before the model's name. Little-endian, like everything in it.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct VectorHeader
{
    public const int Version = 1;
    private const int Alignment = 64;

    public static readonly ulong ExpectedMagic = MemoryMarshal.Read<ulong>("AGRAGVEC"u8);

    public ulong Magic;
    public int FormatVersion;

    /// <summary>Checksum of the header and the model's name, with zero in this place.</summary>
    public uint Checksum;

    public long FileLength;
    public int Rows;
    public int Dimensions;
    public VectorFlags Flags;

    /// <summary>Bytes of the model's name in UTF-8.</summary>
    public int ModelLength;

    public ColumnChecksums Checksums;

    public readonly VectorLayout Layout => new(Dimensions, Flags.HasFlag(VectorFlags.Floats));

    /// <summary>Bytes before the first column.</summary>
    public readonly long HeadLength => Aligned(Unsafe.SizeOf<VectorHeader>() + (long)ModelLength);

    /// <summary>Where a column begins.</summary>
    public readonly long Offset(VectorColumn column)
    {
        var offset = HeadLength;
        for (var before = VectorColumn.Keys; before < column; before++)
        {
            offset = Aligned(offset + ((long)Layout.RowBytes(before) * Rows));
        }

        return offset;
    }

    public readonly long ExpectedLength => Offset(VectorColumn.FloatChecksums) + ((long)Layout.RowBytes(VectorColumn.FloatChecksums) * Rows);

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}

/// <summary>What the vectors of a segment are.</summary>
[Flags]
internal enum VectorFlags
{
    None = 0,

    /// <summary>Scaled to length one before they were stored, so that a dot product is a cosine.</summary>
    Normalised = 1,

    /// <summary>Float32 components are kept beside the int8 ones.</summary>
    Floats = 2,
}

/// <summary>One checksum per column.</summary>
[InlineArray(VectorLayout.ColumnCount)]
internal struct ColumnChecksums
{
    private uint _first;
}
