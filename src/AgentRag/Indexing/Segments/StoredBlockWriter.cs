using System.Buffers;
using System.IO.Compression;

namespace AgentRag.Indexing.Segments;

/// <summary>Compresses passages in blocks: large enough to shrink, small enough that reading one passage costs little.</summary>
internal sealed class StoredBlockWriter(SegmentStream stream)
{
    private const int PlainBlockLength = 8 << 10;
    private const int Quality = 1;
    private const int WindowBits = 14;

    private readonly ArrayBufferWriter<byte> _block = new(PlainBlockLength * 2);
    private readonly ArrayBufferWriter<byte> _scratch = new(PlainBlockLength);
    private byte[] _compressed = new byte[PlainBlockLength * 2];
    private int _firstPassage;
    private int _passages;

    public List<BlockEntry> Blocks { get; } = [];

    public void Add(in StoredPassage passage)
    {
        passage.AppendTo(_block, _scratch);
        _passages++;
        if (_block.WrittenCount >= PlainBlockLength)
        {
            Flush();
        }
    }

    /// <summary>Takes a block over from another segment as it is.</summary>
    public void Copy(in BlockEntry entry, ReadOnlySpan<byte> bytes, int passages)
    {
        Flush();
        Write(bytes, entry.PlainLength, entry.Checksum);
        _firstPassage = _passages += passages;
    }

    public void Flush()
    {
        if (_passages == _firstPassage)
        {
            return;
        }

        var plain = _block.WrittenSpan;
        var room = BrotliEncoder.GetMaxCompressedLength(plain.Length);
        if (_compressed.Length < room)
        {
            _compressed = new byte[room];
        }

        var shrunk = BrotliEncoder.TryCompress(plain, _compressed, out var length, Quality, WindowBits) && length < plain.Length;
        var bytes = shrunk ? _compressed.AsSpan(0, length) : plain;
        Write(bytes, plain.Length, Checksum.Of(bytes));
        _block.ResetWrittenCount();
        _firstPassage = _passages;
    }

    private void Write(ReadOnlySpan<byte> bytes, int plainLength, uint checksum)
    {
        Blocks.Add(new() { Offset = stream.SectionLength, Length = bytes.Length, PlainLength = plainLength, FirstPassage = _firstPassage, Checksum = checksum });
        stream.Write(bytes);
    }
}
