using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AgentRag.Indexing;

/// <summary>The parts of a links file, in the order of the section table. Numbers are int32.</summary>
internal enum LinksSection
{
    /// <summary>The names in UTF-8, sorted by bytes.</summary>
    NameText,

    /// <summary>Where each name ends.</summary>
    NameEnds,

    /// <summary>Per name, how many passages mention it.</summary>
    MentionCounts,

    /// <summary>Per name, how many documents are about it.</summary>
    SubjectDocuments,

    /// <summary>Where each name's row of <see cref="Mentions"/> ends.</summary>
    MentionEnds,

    /// <summary>Per name, the passages that mention it.</summary>
    Mentions,

    /// <summary>Where each name's row of <see cref="Subjects"/> ends.</summary>
    SubjectEnds,

    /// <summary>Per name, the passages of documents that are about it.</summary>
    Subjects,

    /// <summary>Where each passage's row of <see cref="PassageNames"/> ends.</summary>
    PassageNameEnds,

    /// <summary>Per passage, the names it mentions.</summary>
    PassageNames,

    /// <summary>Per passage, the name its document is about; -1 for none, and beyond the first documents of a name that many are about.</summary>
    PassageSubjects,
}

/// <summary>What stands on the first page of a links file, before the section table; the rest of the page is 0.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct LinksHeader
{
    public const int Version = 2;
    public const int SectionCount = (int)LinksSection.PassageSubjects + 1;

    public static readonly ulong ExpectedMagic = MemoryMarshal.Read<ulong>("AGRAGLNK"u8);

    public ulong Magic;
    public int FormatVersion;

    /// <summary>Checksum of the page, with zero in this place.</summary>
    public uint Checksum;

    public long FileLength;
    public int Names;
    public int Passages;

    /// <summary>Where the checksums of the pages begin: uint32 for each page behind this one.</summary>
    public long PageTable;
    public uint PageTableChecksum;

    /// <summary>The SHA-256 of the state that the links were made from.</summary>
    public LinksState State;
}

/// <summary>A SHA-256.</summary>
[InlineArray(Length)]
internal struct LinksState
{
    public const int Length = 32;

    private byte _first;
}

/// <summary>Where a section of a links file lies.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct LinksSectionEntry
{
    public long Offset;
    public long Length;
}
