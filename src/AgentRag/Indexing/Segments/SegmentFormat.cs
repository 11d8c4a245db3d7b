using System.Runtime.InteropServices;

namespace AgentRag.Indexing.Segments;

/// <summary>The parts of a segment file, in the order of the section table.</summary>
internal enum SegmentSection
{
    /// <summary>Compressed passages, each block with its own checksum.</summary>
    Stored,

    /// <summary>One <see cref="BlockEntry"/> per block.</summary>
    Blocks,

    /// <summary>Per passage, its length in terms: int32.</summary>
    PassageLengths,

    /// <summary>Per passage, its model tokens: int32.</summary>
    PassageTokens,

    /// <summary>Per passage, its document: int32.</summary>
    PassageDocuments,

    /// <summary>Hashes of the passages' ids, sorted, then the passages in the same order: uint32.</summary>
    PassageIdHashes,

    /// <summary>Id, title and source of each document in UTF-8, one behind the other.</summary>
    DocumentText,

    /// <summary>Where each string of <see cref="DocumentText"/> ends: uint32, three per document.</summary>
    DocumentEnds,

    /// <summary>As <see cref="PassageIdHashes"/>, for documents.</summary>
    DocumentIdHashes,

    /// <summary>The terms in UTF-8, sorted by bytes.</summary>
    TermText,

    /// <summary>Where each term ends: uint32.</summary>
    TermEnds,

    /// <summary>Hash table with open addressing: term + 1, or 0 for a free slot: uint32, a power of two of them.</summary>
    TermSlots,

    /// <summary>One <see cref="TermEntry"/> per term.</summary>
    TermEntries,

    /// <summary>The postings of each term, each with its own checksum.</summary>
    Postings,

    /// <summary>What the codes of postings stand for.</summary>
    CodeBooks,

    /// <summary>The files that the documents came from.</summary>
    Files,

    /// <summary>The different pairs of metadata field and value in UTF-8, a zero byte between the two, sorted by bytes.</summary>
    MetadataText,

    /// <summary>Where each pair ends: uint32.</summary>
    MetadataEnds,

    /// <summary>The pairs of each document, one document behind the other: int32.</summary>
    MetadataRows,

    /// <summary>Where the pairs of each document end in <see cref="MetadataRows"/>: uint32; empty when no document has any.</summary>
    MetadataRowEnds,
}

/// <summary>What stands at the beginning of a segment file. Little-endian, like everything in it.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct SegmentHeader
{
    public const int Version = 3;
    public const int SectionCount = (int)SegmentSection.MetadataRowEnds + 1;

    public static readonly ulong ExpectedMagic = MemoryMarshal.Read<ulong>("AGRAGSEG"u8);

    public ulong Magic;
    public int FormatVersion;

    /// <summary>Checksum of the header and the section table, with zero in this place.</summary>
    public uint Checksum;

    public long FileLength;
    public int Passages;
    public int Documents;
    public int Terms;
    public int Files;

    /// <summary>Index terms of all passages.</summary>
    public long TotalLength;

    /// <summary>Model tokens of all passages.</summary>
    public long TotalTokens;
}

/// <summary>Where a section lies.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct SectionEntry
{
    public long Offset;
    public long Length;
    public uint Checksum;
}

/// <summary>Where a block of stored passages lies.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct BlockEntry
{
    public long Offset;
    public int Length;

    /// <summary>Length when decompressed; a block that does not shrink is stored as it is, with both lengths the same.</summary>
    public int PlainLength;
    public int FirstPassage;
    public uint Checksum;
}

/// <summary>Where the postings of a term lie, and in which of three forms.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct TermEntry
{
    /// <summary>Value of <see cref="Windows"/> for a short list: passages as uint32, then codes.</summary>
    public const int Flat = 0;

    /// <summary>Value of <see cref="Windows"/> for a dense row: one code per passage of the segment, 0 where the term is absent.</summary>
    public const int Dense = -1;

    /// <summary>Dense rows are padded to a multiple of this many passages, so that vectors need no remainder.</summary>
    public const int RowMultiple = 64;

    /// <summary>Passages of a window; their accumulators fit into the processor's nearest cache.</summary>
    public const int WindowSize = 1 << WindowBits;
    public const int WindowBits = 14;

    public long Offset;
    public int Passages;

    /// <summary>Windows in the list's directory: window &lt;&lt; 16 | postings - 1, as uint32; then passages within their window as uint16, then codes.</summary>
    public int Windows;

    /// <summary>Pairs of passage and frequency, as uint32, behind the codes: where the code leaves the frequency open.</summary>
    public int Exceptions;
    public uint Checksum;

    /// <summary>Bytes of the postings.</summary>
    public readonly long Length(int passages) => (Exceptions * 8L) + Windows switch
    {
        Dense => RowLength(passages),
        Flat => Passages * 5L,
        _ => (Windows * 4L) + (Passages * 3L),
    };

    public static long RowLength(int passages) => (passages + RowMultiple - 1L) / RowMultiple * RowMultiple;
}
