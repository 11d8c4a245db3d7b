using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing.Vectors;

/// <summary>A vector segment open for reading. Never changes.</summary>
/// <remarks>Checked when opened: header and length. Checked at the first touch: each column but the floats, which have a checksum per row.</remarks>
internal sealed unsafe class VectorSegment : IVectorRows
{
    private readonly SegmentBytes _bytes;
    private readonly string _index;
    private readonly VectorHeader _header;
    private readonly bool[] _isVerified = new bool[VectorLayout.ColumnCount];

    private VectorSegment(SegmentBytes bytes, string index, string name)
    {
        (_bytes, _index, Name) = (bytes, index, name);
        if (bytes.Length < Unsafe.SizeOf<VectorHeader>())
        {
            throw Damaged("is cut off");
        }

        _header = MemoryMarshal.Read<VectorHeader>(new ReadOnlySpan<byte>(bytes.Start, Unsafe.SizeOf<VectorHeader>()));
        if (_header.Magic != VectorHeader.ExpectedMagic || _header.FormatVersion != VectorHeader.Version)
        {
            throw Damaged("has another format");
        }

        if (_header.ModelLength < 0 || _header.HeadLength > bytes.Length || _header.FileLength != bytes.Length)
        {
            throw Damaged("is cut off");
        }

        if (HeadChecksum(_header, new(bytes.Start + Unsafe.SizeOf<VectorHeader>(), _header.ModelLength)) != _header.Checksum
            || _header.Rows < 0 || _header.Dimensions is < 1 or > VectorLayout.MaxDimensions || _header.ExpectedLength != bytes.Length)
        {
            throw Damaged("has a damaged header");
        }
    }

    public string Name { get; }

    public uint Checksum => _header.Checksum;

    public int Rows => _header.Rows;

    public VectorLayout Layout => _header.Layout;

    public long FileLength => _header.FileLength;

    public string Model => Encoding.UTF8.GetString(_bytes.Start + Unsafe.SizeOf<VectorHeader>(), _header.ModelLength);

    /// <summary>What one step of each row's codes is worth.</summary>
    public float* Scales => (float*)Column(VectorColumn.Scales);

    /// <summary>The rows' codes, each <see cref="VectorLayout.Stride"/> bytes.</summary>
    public sbyte* Codes => (sbyte*)Column(VectorColumn.Codes);

    /// <summary>The rows' signs.</summary>
    public ulong* Signs => (ulong*)Column(VectorColumn.Signs);

    /// <summary>Opens a segment file.</summary>
    /// <param name="index">The index, for messages.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="AgentRagException">It is damaged.</exception>
    public static VectorSegment Open(string index, string path)
    {
        var bytes = SegmentBytes.Map(path);
        try
        {
            return new(bytes, index, Path.GetFileName(path));
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Checksum of a header and the name behind it.</summary>
    public static uint HeadChecksum(VectorHeader header, ReadOnlySpan<byte> model)
    {
        header.Checksum = 0;
        return ~Segments.Checksum.Append(Segments.Checksum.Append(~0u, MemoryMarshal.AsBytes(new ReadOnlySpan<VectorHeader>(in header))), model);
    }

    public VectorKey Key(int row) => VectorKey.Read(Column(VectorColumn.Keys, row, 1));

    /// <summary>A row's components as float32, verified.</summary>
    public ReadOnlySpan<float> Floats(int row)
    {
        var bytes = Span(VectorColumn.Floats, row, 1);
        return Segments.Checksum.Of(bytes) == MemoryMarshal.Read<uint>(Span(VectorColumn.FloatChecksums, row, 1))
            ? MemoryMarshal.Cast<byte, float>(bytes)
            : throw Damaged("has a damaged vector");
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Column(VectorColumn column, int first, int count)
    {
        _ = Column(column);
        return Span(column, first, count);
    }

    /// <summary>Checks every byte.</summary>
    /// <exception cref="AgentRagException">Something is damaged.</exception>
    public void Verify()
    {
        for (var column = VectorColumn.Keys; column <= VectorColumn.FloatChecksums; column++)
        {
            Verify(column);
        }
    }

    public AgentRagException Damaged(string what) => VectorManifest.Damaged(_index, $"{Name} {what}");

    private ReadOnlySpan<byte> Span(VectorColumn column, int first, int count)
    {
        var length = Layout.RowBytes(column);
        return new(_bytes.Start + _header.Offset(column) + ((long)first * length), count * length);
    }

    private byte* Column(VectorColumn column)
    {
        if (!Volatile.Read(ref _isVerified[(int)column]))
        {
            Verify(column);
            Volatile.Write(ref _isVerified[(int)column], true);
        }

        return _bytes.Start + _header.Offset(column);
    }

    private void Verify(VectorColumn column)
    {
        const int Piece = 1 << 30;
        var start = _bytes.Start + _header.Offset(column);
        var (length, state) = ((long)Layout.RowBytes(column) * Rows, ~0u);
        for (var done = 0L; done < length; done += Piece)
        {
            state = Segments.Checksum.Append(state, new(start + done, (int)Math.Min(Piece, length - done)));
        }

        if (~state != _header.Checksums[(int)column])
        {
            throw Damaged($"has damaged {column}");
        }
    }
}
