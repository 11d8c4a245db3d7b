using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>Writes a segment: first documents and passages as they come, then the terms in the order of their bytes.</summary>
internal sealed class SegmentWriter
{
    /// <summary>Terms in at least one of so many passages get a dense row: measured, below it a list is both smaller and faster.</summary>
    private const int DenseShare = 8;

    /// <summary>Lists with fewer postings per window than this are cheaper without a directory.</summary>
    private const int PostingsPerWindow = 2;

    private readonly SegmentStream _stream;
    private readonly StoredBlockWriter _stored;
    private readonly StringTableBuilder _documents = new();
    private readonly List<uint> _documentHashes = [];
    private readonly List<int> _lengths = [];
    private readonly List<int> _tokens = [];
    private readonly List<int> _passageDocuments = [];
    private readonly List<uint> _passageHashes = [];
    private readonly StringTableBuilder _terms = new();
    private readonly List<TermEntry> _entries = [];
    private long _totalLength;
    private long _totalTokens;
    private CodeBook _lists = null!;
    private CodeBook _rows = null!;
    private byte[] _payload = [];

    public SegmentWriter(Stream stream)
    {
        _stream = new(stream);
        _stream.Begin(SegmentSection.Stored);
        _stored = new(_stream);
    }

    /// <summary>The metadata of the documents; that of a document follows its <see cref="AddDocument"/>.</summary>
    public MetadataWriter Metadata { get; } = new();

    public int DocumentCount => _documentHashes.Count;

    public int PassageCount => _lengths.Count;

    public void AddDocument(ReadOnlySpan<byte> id, ReadOnlySpan<byte> title, ReadOnlySpan<byte> source)
    {
        _documents.Add(id);
        _documents.Add(title);
        _documents.Add(source);
        _documentHashes.Add(IdHashes.Of(id));
        Metadata.BeginDocument();
    }

    public void AddPassage(int document, in StoredPassage passage, int tokens, int length)
    {
        _stored.Add(passage);
        AddColumns(document, IdHashes.Of(passage.Id), tokens, length);
    }

    /// <summary>Takes a block of another segment over; the columns of its passages follow by <see cref="AddColumns"/>.</summary>
    public void CopyBlock(in BlockEntry entry, ReadOnlySpan<byte> bytes, int passages) => _stored.Copy(entry, bytes, passages);

    public void AddColumns(int document, uint idHash, int tokens, int length)
    {
        _passageDocuments.Add(document);
        _passageHashes.Add(idHash);
        _tokens.Add(tokens);
        _lengths.Add(length);
        (_totalLength, _totalTokens) = (_totalLength + length, _totalTokens + tokens);
    }

    /// <summary>Ends the passages; terms may be added from here on.</summary>
    public void BeginTerms()
    {
        _stored.Flush();
        _stream.Write<BlockEntry>(SegmentSection.Blocks, CollectionsMarshal.AsSpan(_stored.Blocks));
        var lengths = CollectionsMarshal.AsSpan(_lengths);
        (_lists, _rows) = (CodeBook.Make(lengths, CodeBook.ListClasses), CodeBook.Make(lengths, CodeBook.DenseClasses));
        _stream.Begin(SegmentSection.Postings);
    }

    /// <summary>Adds a term.</summary>
    /// <param name="term">Its bytes; greater than those of the term before.</param>
    /// <param name="passages">The passages it occurs in, ascending; length ≥ 1.</param>
    /// <param name="frequencies">How often, beside them.</param>
    public void AddTerm(ReadOnlySpan<byte> term, ReadOnlySpan<int> passages, ReadOnlySpan<int> frequencies)
    {
        var windows = Windows(passages);
        var isDense = passages.Length >= TermEntry.RowMultiple && (long)passages.Length * DenseShare >= PassageCount;
        var entry = new TermEntry
        {
            Offset = _stream.SectionLength,
            Passages = passages.Length,
            Windows = isDense ? TermEntry.Dense : passages.Length < windows * PostingsPerWindow ? TermEntry.Flat : windows,
        };
        var exceptionsAt = (int)entry.Length(PassageCount);
        if (_payload.Length < exceptionsAt + (passages.Length * 8L))
        {
            _payload = new byte[Math.Min(Array.MaxLength, (exceptionsAt + (passages.Length * 8L)) * 5 / 4)];
        }

        var exceptions = MemoryMarshal.Cast<byte, int>(_payload.AsSpan(exceptionsAt));
        var book = isDense ? _rows : _lists;
        var codes = Layout(entry, passages, exceptionsAt);
        for (var i = 0; i < passages.Length; i++)
        {
            var code = book.Encode(frequencies[i], _lengths[passages[i]]);
            codes[isDense ? passages[i] : i] = code;
            if (book.Frequencies[code] == 0)
            {
                (exceptions[entry.Exceptions * 2], exceptions[(entry.Exceptions * 2) + 1]) = (passages[i], frequencies[i]);
                entry.Exceptions++;
            }
        }

        var payload = _payload.AsSpan(0, checked((int)entry.Length(PassageCount)));
        entry.Checksum = Checksum.Of(payload);
        _stream.Write(payload);
        _terms.Add(term);
        _entries.Add(entry);
    }

    /// <summary>Ends the segment.</summary>
    /// <param name="files">The files the documents came from, in their order.</param>
    /// <returns>The checksum that stands for the file.</returns>
    public uint Finish(IReadOnlyList<FileEntry> files)
    {
        _stream.Write<int>(SegmentSection.PassageLengths, CollectionsMarshal.AsSpan(_lengths));
        _stream.Write<int>(SegmentSection.PassageTokens, CollectionsMarshal.AsSpan(_tokens));
        _stream.Write<int>(SegmentSection.PassageDocuments, CollectionsMarshal.AsSpan(_passageDocuments));
        IdHashes.Write(_stream, SegmentSection.PassageIdHashes, CollectionsMarshal.AsSpan(_passageHashes));
        _stream.Write(SegmentSection.DocumentText, _documents.Utf8);
        _stream.Write(SegmentSection.DocumentEnds, _documents.Ends);
        IdHashes.Write(_stream, SegmentSection.DocumentIdHashes, CollectionsMarshal.AsSpan(_documentHashes));
        _stream.Write(SegmentSection.TermText, _terms.Utf8);
        _stream.Write(SegmentSection.TermEnds, _terms.Ends);
        _stream.Write<uint>(SegmentSection.TermSlots, TermSlots.Make(_terms));
        _stream.Write<TermEntry>(SegmentSection.TermEntries, CollectionsMarshal.AsSpan(_entries));
        _stream.Write<CodeRange>(SegmentSection.CodeBooks, [.. Padded(_lists), .. Padded(_rows)]);
        _stream.Begin(SegmentSection.Files);
        using var table = new MemoryStream();
        using (var writer = new BinaryWriter(table, Encoding.UTF8, leaveOpen: true))
        {
            FileTable.Write(writer, files);
        }

        _stream.Write(table.GetBuffer().AsSpan(0, (int)table.Length));
        Metadata.WriteTo(_stream);
        return _stream.Finish(new()
        {
            Passages = PassageCount,
            Documents = DocumentCount,
            Terms = _entries.Count,
            Files = files.Count,
            TotalLength = _totalLength,
            TotalTokens = _totalTokens,
        });
    }

    private static CodeRange[] Padded(CodeBook book)
    {
        var ranges = new CodeRange[256];
        book.Ranges.CopyTo(ranges, 0);
        return ranges;
    }

    private static int Windows(ReadOnlySpan<int> passages)
    {
        var (windows, last) = (0, -1);
        foreach (var passage in passages)
        {
            if (passage >> TermEntry.WindowBits != last)
            {
                last = passage >> TermEntry.WindowBits;
                windows++;
            }
        }

        return windows;
    }

    /// <summary>Writes the passages of a list in its form.</summary>
    /// <returns>Where its codes go.</returns>
    private Span<byte> Layout(in TermEntry entry, ReadOnlySpan<int> passages, int end)
    {
        if (entry.Windows == TermEntry.Dense)
        {
            _payload.AsSpan(0, end).Clear();
            return _payload.AsSpan(0, end);
        }

        if (entry.Windows == TermEntry.Flat)
        {
            MemoryMarshal.AsBytes(passages).CopyTo(_payload);
            return _payload.AsSpan(passages.Length * sizeof(uint), passages.Length);
        }

        var directory = MemoryMarshal.Cast<byte, uint>(_payload.AsSpan(0, entry.Windows * sizeof(uint)));
        var locals = MemoryMarshal.Cast<byte, ushort>(_payload.AsSpan(entry.Windows * sizeof(uint), passages.Length * sizeof(ushort)));
        var slot = -1;
        for (var i = 0; i < passages.Length; i++)
        {
            var window = (uint)passages[i] >> TermEntry.WindowBits;
            if (slot < 0 || directory[slot] >> 16 != window)
            {
                directory[++slot] = window << 16;
            }
            else
            {
                directory[slot]++;
            }

            locals[i] = (ushort)(passages[i] & (TermEntry.WindowSize - 1));
        }

        return _payload.AsSpan((entry.Windows * sizeof(uint)) + (passages.Length * sizeof(ushort)), passages.Length);
    }
}
