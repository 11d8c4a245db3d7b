using System.Runtime.InteropServices;

namespace AgentRag.Indexing.Segments;

/// <summary>Writes a segment file section by section, with the header last: until then the file is no segment.</summary>
internal sealed unsafe class SegmentStream
{
    private const int Alignment = 64;
    private const int BufferLength = 1 << 18;

    private readonly Stream _stream;
    private readonly SectionEntry[] _sections = new SectionEntry[SegmentHeader.SectionCount];
    private readonly byte[] _buffer = new byte[BufferLength];
    private int _buffered;
    private long _position;
    private int _section = -1;
    private uint _checksum;

    public SegmentStream(Stream stream)
    {
        _stream = stream;
        Write(new byte[HeaderLength]);
    }

    public static int HeaderLength { get; } =
        (sizeof(SegmentHeader) + (SegmentHeader.SectionCount * sizeof(SectionEntry)) + Alignment - 1) / Alignment * Alignment;

    /// <summary>Bytes of the section at hand.</summary>
    public long SectionLength => _position - _sections[_section].Offset;

    public void Begin(SegmentSection section)
    {
        EndSection();
        Write(new byte[(int)(-_position & (Alignment - 1))]);
        (_section, _checksum) = ((int)section, ~0u);
        _sections[_section].Offset = _position;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _position += bytes.Length;
        _checksum = Checksum.Append(_checksum, bytes);
        if (bytes.Length > BufferLength - _buffered)
        {
            FlushBuffer();
            if (bytes.Length >= BufferLength)
            {
                _stream.Write(bytes);
                return;
            }
        }

        bytes.CopyTo(_buffer.AsSpan(_buffered));
        _buffered += bytes.Length;
    }

    public void Write<T>(ReadOnlySpan<T> values)
        where T : unmanaged => Write(MemoryMarshal.AsBytes(values));

    /// <summary>Writes a section of its own.</summary>
    public void Write<T>(SegmentSection section, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Begin(section);
        Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Writes header and section table to the file's beginning.</summary>
    /// <returns>The checksum of both, which stands for the whole file.</returns>
    public uint Finish(SegmentHeader header)
    {
        EndSection();
        FlushBuffer();
        header.Magic = SegmentHeader.ExpectedMagic;
        header.FormatVersion = SegmentHeader.Version;
        header.FileLength = _position;
        header.Checksum = 0;
        var bytes = new byte[HeaderLength];
        MemoryMarshal.Write(bytes, header);
        MemoryMarshal.AsBytes(_sections.AsSpan()).CopyTo(bytes.AsSpan(sizeof(SegmentHeader)));
        header.Checksum = Checksum.Of(bytes);
        MemoryMarshal.Write(bytes, header);
        _stream.Position = 0;
        _stream.Write(bytes);
        _stream.Position = _position;
        return header.Checksum;
    }

    private void EndSection()
    {
        if (_section >= 0)
        {
            ref var entry = ref _sections[_section];
            (entry.Length, entry.Checksum) = (_position - entry.Offset, ~_checksum);
            _section = -1;
        }
    }

    private void FlushBuffer()
    {
        _stream.Write(_buffer, 0, _buffered);
        _buffered = 0;
    }
}
