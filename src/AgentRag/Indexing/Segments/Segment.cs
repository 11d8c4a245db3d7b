using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>A segment open for reading: documents, passages and postings that never change.</summary>
/// <remarks>
/// Checked when opened: header, section table, and the sections that queries walk through (terms, entries, lengths, code books, block table). Checked at
/// the first touch: the postings of each term, and the other sections. Checked each time: blocks of stored passages. <see cref="Verify"/> checks all at once.
/// </remarks>
internal sealed unsafe class Segment
{
    private static readonly SegmentSection[] CheckedAtOpen =
    [
        SegmentSection.Blocks, SegmentSection.PassageLengths, SegmentSection.TermText, SegmentSection.TermEnds, SegmentSection.TermSlots,
        SegmentSection.TermEntries, SegmentSection.CodeBooks,
    ];

    private readonly SegmentBytes _bytes;
    private readonly string _directory;
    private readonly string _name;
    private readonly SegmentHeader _header;
    private readonly SectionEntry[] _sections;
    private readonly bool[] _isSectionVerified = new bool[SegmentHeader.SectionCount];

    // Decompressed blocks, for passages that are read again and again; begun anew when they have become too many.
    private const int MaxPlainBytes = 16 << 20;
    private byte[]?[] _plainBlocks = [];
    private int _plainBytes;

    private SegmentMetadata? _metadata;

    // One byte per term; two threads that verify the same term write the same.
    private readonly bool[] _isTermVerified;

    private Segment(SegmentBytes bytes, string directory, string name)
    {
        (_bytes, _directory, _name) = (bytes, directory, name);
        if (bytes.Length < SegmentStream.HeaderLength)
        {
            throw Damaged("is cut off");
        }

        var head = new ReadOnlySpan<byte>(bytes.Start, SegmentStream.HeaderLength).ToArray();
        _header = MemoryMarshal.Read<SegmentHeader>(head);
        if (_header.Magic != SegmentHeader.ExpectedMagic || _header.FormatVersion != SegmentHeader.Version)
        {
            throw Damaged("has another format");
        }

        MemoryMarshal.Write(head, _header with { Checksum = 0 });
        if (Segments.Checksum.Of(head) != _header.Checksum)
        {
            throw Damaged("has a damaged header");
        }

        if (_header.FileLength != bytes.Length)
        {
            throw Damaged("is cut off");
        }

        _sections = MemoryMarshal.Cast<byte, SectionEntry>(head.AsSpan(sizeof(SegmentHeader)))[..SegmentHeader.SectionCount].ToArray();
        if (Array.Exists(_sections, section => section.Offset < 0 || section.Length < 0 || section.Offset > bytes.Length - section.Length))
        {
            throw Damaged("has a damaged header");
        }

        var postings = _sections[(int)SegmentSection.Postings];
        if (postings.Offset + postings.Length > bytes.Length - PostingList.ReadBeyond)
        {
            throw Damaged("has a damaged header");
        }

        foreach (var section in CheckedAtOpen)
        {
            Require(section);
        }

        RequireLength<int>(SegmentSection.PassageLengths, PassageCount);
        RequireLength<int>(SegmentSection.PassageTokens, PassageCount);
        RequireLength<int>(SegmentSection.PassageDocuments, PassageCount);
        RequireLength<uint>(SegmentSection.DocumentEnds, DocumentCount * 3L);
        RequireLength<uint>(SegmentSection.TermEnds, TermCount);
        RequireLength<TermEntry>(SegmentSection.TermEntries, TermCount);
        RequireLength<CodeRange>(SegmentSection.CodeBooks, 512);
        _isTermVerified = new bool[TermCount];
        var books = Section(SegmentSection.CodeBooks);
        (Lists, Rows) = (CodeBook.Read(books[..(books.Length / 2)]), CodeBook.Read(books[(books.Length / 2)..]));
    }

    public string Name => _name;

    public uint Checksum => _header.Checksum;

    public long FileLength => _header.FileLength;

    public int PassageCount => _header.Passages;

    public int DocumentCount => _header.Documents;

    public int TermCount => _header.Terms;

    public int FileCount => _header.Files;

    public long TotalLength => _header.TotalLength;

    public long TotalTokens => _header.TotalTokens;

    public CodeBook Lists { get; }

    public CodeBook Rows { get; }

    public ReadOnlySpan<int> PassageLengths => Section<int>(SegmentSection.PassageLengths);

    public ReadOnlySpan<int> PassageTokens => Section<int>(SegmentSection.PassageTokens);

    public ReadOnlySpan<int> PassageDocuments => Section<int>(SegmentSection.PassageDocuments);

    public ReadOnlySpan<BlockEntry> Blocks => Section<BlockEntry>(SegmentSection.Blocks);

    /// <summary>The metadata of the documents, verified at the first touch.</summary>
    public SegmentMetadata Metadata => _metadata ??= new(this);

    /// <summary>Opens a segment file.</summary>
    /// <param name="directory">The index.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="checksum">The checksum that its header must have; null for any.</param>
    /// <exception cref="AgentRagException">It is damaged, or not the file it should be.</exception>
    public static Segment Open(string directory, string name, uint? checksum)
    {
        var bytes = SegmentBytes.Map(Path.Combine(directory, name));
        try
        {
            var segment = new Segment(bytes, directory, name);
            return checksum is null || checksum == segment.Checksum ? segment : throw segment.Damaged("is another one than index.json names");
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Reads a segment that was made in memory.</summary>
    public static Segment Open(ReadOnlySpan<byte> bytes) => new(SegmentBytes.Of(bytes), "in memory", "the segment");

    /// <summary>Finds a term.</summary>
    /// <returns>Its number, or -1.</returns>
    public int FindTerm(ReadOnlySpan<byte> utf8) => TermSlots.Find(
        Section<uint>(SegmentSection.TermSlots), Section(SegmentSection.TermText), Section<uint>(SegmentSection.TermEnds), utf8);

    public ReadOnlySpan<byte> Term(int term)
    {
        var ends = Section<uint>(SegmentSection.TermEnds);
        return Section(SegmentSection.TermText)[(term == 0 ? 0 : (int)ends[term - 1])..(int)ends[term]];
    }

    /// <summary>Passages with a term, deleted ones included.</summary>
    public int PassagesWith(int term) => Section<TermEntry>(SegmentSection.TermEntries)[term].Passages;

    /// <summary>The postings of a term, verified at the first touch.</summary>
    public PostingList Postings(int term)
    {
        var entry = Section<TermEntry>(SegmentSection.TermEntries)[term];
        var postings = _sections[(int)SegmentSection.Postings];
        var list = new PostingList(_bytes.Start + postings.Offset + entry.Offset, entry, PassageCount, entry.Windows == TermEntry.Dense ? Rows : Lists);
        if (!Volatile.Read(ref _isTermVerified[term]))
        {
            var length = entry.Length(PassageCount);
            if (entry.Offset < 0 || entry.Passages < 1 || entry.Windows < TermEntry.Dense || entry.Exceptions < 0 || entry.Offset > postings.Length - length
                || Segments.Checksum.Of(new(_bytes.Start + postings.Offset + entry.Offset, checked((int)length))) != entry.Checksum || !list.IsSound())
            {
                throw Damaged("has damaged postings");
            }

            Volatile.Write(ref _isTermVerified[term], true);
        }

        return list;
    }

    /// <summary>Number of passages of neighbouring documents; the segment must have been written document by document.</summary>
    public int PassagesOf(int firstDocument, int documents) => FirstPassage(firstDocument + documents) - FirstPassage(firstDocument);

    /// <summary>The first passage of a document or of one behind it.</summary>
    public int FirstPassage(int document)
    {
        var column = PassageDocuments;
        var (low, high) = (0, column.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = column[middle] < document ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    public string DocumentId(int document) => DocumentString(document, 0);

    public string DocumentTitle(int document) => DocumentString(document, 1);

    public string DocumentSource(int document) => DocumentString(document, 2);

    public ReadOnlySpan<byte> DocumentBytes(int document, int field)
    {
        var ends = Section<uint>(SegmentSection.DocumentEnds);
        var index = (document * 3) + field;
        return Section(SegmentSection.DocumentText)[(index == 0 ? 0 : (int)ends[index - 1])..(int)ends[index]];
    }

    /// <summary>The documents whose ids may be the given one.</summary>
    public ReadOnlySpan<uint> DocumentsByHash(uint hash) => IdHashes.Find(Section(SegmentSection.DocumentIdHashes), hash);

    /// <summary>The passages whose ids may be the given one.</summary>
    public ReadOnlySpan<uint> PassagesByHash(uint hash) => IdHashes.Find(Section(SegmentSection.PassageIdHashes), hash);

    /// <summary>The hash of each passage's id.</summary>
    public uint[] PassageHashes()
    {
        var columns = Section<uint>(SegmentSection.PassageIdHashes);
        var hashes = new uint[PassageCount];
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[columns[hashes.Length + i]] = columns[i];
        }

        return hashes;
    }

    /// <summary>Reads what is stored of a passage: one block is decompressed.</summary>
    public StoredPassage Stored(int passage)
    {
        var blocks = Blocks;
        var (low, high) = (0, blocks.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) >>> 1;
            (low, high) = blocks[middle].FirstPassage <= passage ? (middle, high) : (low, middle - 1);
        }

        try
        {
            return StoredPassage.Read(PlainBlock(low), passage - blocks[low].FirstPassage);
        }
        catch (InvalidDataException)
        {
            throw Damaged("has a damaged block of passages");
        }
    }

    /// <summary>A block as it is stored, verified.</summary>
    public ReadOnlySpan<byte> BlockBytes(scoped in BlockEntry block)
    {
        var stored = _sections[(int)SegmentSection.Stored];
        if (block.Offset >= 0 && block.Length >= 0 && block.PlainLength >= block.Length && block.Offset <= stored.Length - block.Length)
        {
            var bytes = new ReadOnlySpan<byte>(_bytes.Start + stored.Offset + block.Offset, block.Length);
            if (Segments.Checksum.Of(bytes) == block.Checksum)
            {
                return bytes;
            }
        }

        throw Damaged("has a damaged block of passages");
    }

    /// <summary>The files of the segment, in the order of their documents.</summary>
    public FileEntry[] Files()
    {
        using var stream = new MemoryStream(Section(SegmentSection.Files).ToArray(), writable: false);
        using var reader = new BinaryReader(stream, Encoding.UTF8);
        return FileTable.Read(reader);
    }

    /// <summary>Checks every byte.</summary>
    /// <exception cref="AgentRagException">Something is damaged.</exception>
    public void Verify()
    {
        for (var section = 0; section < _sections.Length; section++)
        {
            Check(section);
        }

        for (var term = 0; term < TermCount; term++)
        {
            Postings(term);
        }

        _ = Metadata;
    }

    /// <summary>Bytes of a section, for reports.</summary>
    public long SectionLength(SegmentSection section) => _sections[(int)section].Length;

    public AgentRagException Damaged(string what) => IndexManifest.Damaged(_directory, $"{_name} {what}");

    private string DocumentString(int document, int field) => Encoding.UTF8.GetString(DocumentBytes(document, field));

    private ReadOnlySpan<byte> PlainBlock(int number)
    {
        var known = Volatile.Read(ref _plainBlocks);
        if (number < known.Length && known[number] is { } plain)
        {
            return plain;
        }

        var block = Blocks[number];
        var bytes = BlockBytes(block);
        if (block.Length == block.PlainLength)
        {
            return bytes;
        }

        plain = new byte[block.PlainLength];
        if (!BrotliDecoder.TryDecompress(bytes, plain, out var length) || length != plain.Length)
        {
            throw Damaged("has a damaged block of passages");
        }

        // Threads may overtake each other here: then a block is decompressed twice, or the bound is passed by a few blocks.
        if (known.Length == 0 || Interlocked.Add(ref _plainBytes, length) > MaxPlainBytes)
        {
            Interlocked.Exchange(ref _plainBytes, length);
            Volatile.Write(ref _plainBlocks, known = new byte[]?[Blocks.Length]);
        }

        known[number] = plain;
        return plain;
    }

    private ReadOnlySpan<byte> Section(SegmentSection section)
    {
        if (!Volatile.Read(ref _isSectionVerified[(int)section]))
        {
            Require(section);
        }

        var entry = _sections[(int)section];
        return new(_bytes.Start + entry.Offset, (int)entry.Length);
    }

    /// <summary>A section, verified at the first touch. Keep the segment referenced while it is used.</summary>
    internal ReadOnlySpan<T> Section<T>(SegmentSection section)
        where T : unmanaged
    {
        if (!Volatile.Read(ref _isSectionVerified[(int)section]))
        {
            Require(section);
        }

        var entry = _sections[(int)section];
        return new(_bytes.Start + entry.Offset, (int)(entry.Length / sizeof(T)));
    }

    private void Require(SegmentSection section)
    {
        Check((int)section);
        Volatile.Write(ref _isSectionVerified[(int)section], true);
    }

    private void Check(int section)
    {
        const int Piece = 1 << 30;
        var (entry, state) = (_sections[section], ~0u);
        for (var done = 0L; done < entry.Length; done += Piece)
        {
            state = Segments.Checksum.Append(state, new(_bytes.Start + entry.Offset + done, (int)Math.Min(Piece, entry.Length - done)));
        }

        if (~state != entry.Checksum)
        {
            throw Damaged($"has a damaged section {(SegmentSection)section}");
        }
    }

    private void RequireLength<T>(SegmentSection section, long count)
        where T : unmanaged
    {
        if (_sections[(int)section].Length != count * sizeof(T))
        {
            throw Damaged("has a damaged header");
        }
    }
}
