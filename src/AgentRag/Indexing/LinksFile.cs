using System.Runtime.InteropServices;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>Opens the links of an index.</summary>
/// <remarks>
/// A page of <see cref="LinksHeader"/> and section table, the columns of <see cref="LinksGraph"/> aligned to 64 bytes, and a CRC-32C per page behind them.
/// Checked when opened: the header page and the pages' checksums. Checked at the first touch: each page. So opening costs next to nothing however many links
/// there are, and nothing is used that has not been verified.
/// </remarks>
internal static unsafe class LinksFile
{
    /// <summary>Opens links.</summary>
    /// <param name="bytes">The file; disposed of when it is not used.</param>
    /// <param name="directory">The index, for messages.</param>
    /// <param name="state">SHA-256 of the state at hand, hexadecimal.</param>
    /// <returns>The links; null when they belong to another state.</returns>
    /// <exception cref="AgentRagException">The file is damaged, or of another format version.</exception>
    public static LinksGraph? Open(SegmentBytes bytes, string directory, string state)
    {
        LinksGraph? graph = null;
        try
        {
            return graph = OpenVerified(bytes, directory, state);
        }
        finally
        {
            if (graph is null)
            {
                bytes.Dispose();
            }
        }
    }

    public static AgentRagException Damaged(string directory, string what) =>
        new($"The links of index '{directory}' are damaged ({what}): make them anew with 'agentrag index'.");

    private static LinksGraph? OpenVerified(SegmentBytes bytes, string directory, string state)
    {
        // Earlier versions had no whole page in front.
        if (bytes.Length >= sizeof(LinksHeader) && *(LinksHeader*)bytes.Start is { FormatVersion: > 0 and < LinksHeader.Version } older && older.Magic == LinksHeader.ExpectedMagic)
        {
            throw OtherVersion(directory, older.FormatVersion);
        }

        if (bytes.Length < LinksPages.PageLength)
        {
            throw Damaged(directory, "the file is cut off");
        }

        var page = new ReadOnlySpan<byte>(bytes.Start, LinksPages.PageLength).ToArray();
        var header = MemoryMarshal.Read<LinksHeader>(page);
        MemoryMarshal.Write(page, header with { Checksum = 0 });
        if (header.Magic != LinksHeader.ExpectedMagic || Checksum.Of(page) != header.Checksum)
        {
            throw Damaged(directory, "its header does not fit its checksum");
        }

        if (header.FormatVersion != LinksHeader.Version)
        {
            throw OtherVersion(directory, header.FormatVersion);
        }

        if (header.FileLength != bytes.Length)
        {
            throw Damaged(directory, "the file is cut off");
        }

        var pages = Pages(bytes, directory, header);
        var isOfState = ((ReadOnlySpan<byte>)header.State).SequenceEqual(Convert.FromHexString(state));
        return isOfState ? Graph(pages, header, MemoryMarshal.Cast<byte, LinksSectionEntry>(page.AsSpan(sizeof(LinksHeader)))[..LinksHeader.SectionCount]) : null;
    }

    private static AgentRagException OtherVersion(string directory, int version) => new(
        $"The links of index '{directory}' have format version {version}, this program reads version {LinksHeader.Version}: " +
        $"{(version > LinksHeader.Version ? "update agentrag, or make them" : "make them")} anew with 'agentrag index'.");

    private static LinksPages Pages(SegmentBytes bytes, string directory, in LinksHeader header)
    {
        var isWithin = header.PageTable >= LinksPages.PageLength && header.PageTable <= bytes.Length
            && bytes.Length - header.PageTable == LinksPages.CountOf(header.PageTable) * sizeof(uint);
        if (!isWithin || header.Names < 0 || header.Passages < 0)
        {
            throw Damaged(directory, "its header holds numbers that lead nowhere");
        }

        var checksums = new ReadOnlySpan<byte>(bytes.Start + header.PageTable, checked((int)(bytes.Length - header.PageTable)));
        return Checksum.Of(checksums) == header.PageTableChecksum
            ? new(bytes, directory, header.PageTable, (uint*)(bytes.Start + header.PageTable))
            : throw Damaged(directory, "the checksums of its pages do not fit theirs");
    }

    private static LinksGraph Graph(LinksPages pages, in LinksHeader header, ReadOnlySpan<LinksSectionEntry> sections)
    {
        var (names, passages, next) = (header.Names, header.Passages, (long)LinksPages.PageLength);
        foreach (var section in sections)
        {
            if (section.Offset < next || section.Length < 0 || section.Offset > header.PageTable - section.Length || section.Length > int.MaxValue * (long)sizeof(int))
            {
                throw Damaged(pages.Directory, "its header holds numbers that lead nowhere");
            }

            next = section.Offset + section.Length;
        }

        return new(
            new(Column<byte>(sections, LinksSection.NameText), Numbers(sections, LinksSection.NameEnds, names)),
            Numbers(sections, LinksSection.MentionCounts, names),
            Numbers(sections, LinksSection.SubjectDocuments, names),
            new(Numbers(sections, LinksSection.MentionEnds, names), Column<int>(sections, LinksSection.Mentions), passages),
            new(Numbers(sections, LinksSection.SubjectEnds, names), Column<int>(sections, LinksSection.Subjects), passages),
            new(Numbers(sections, LinksSection.PassageNameEnds, passages), Column<int>(sections, LinksSection.PassageNames), names),
            Numbers(sections, LinksSection.PassageSubjects, passages))
        { Pages = pages };

        LinksColumn<T> Column<T>(ReadOnlySpan<LinksSectionEntry> sections, LinksSection section)
            where T : unmanaged => new(pages, sections[(int)section], (int)Math.Min(int.MaxValue, sections[(int)section].Length / sizeof(T)));

        LinksColumn<int> Numbers(ReadOnlySpan<LinksSectionEntry> sections, LinksSection section, int count) =>
            Column<int>(sections, section) is { } column && column.Count == count ? column : throw Damaged(pages.Directory, "its header holds numbers that lead nowhere");
    }
}
