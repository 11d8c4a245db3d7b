using System.Runtime.InteropServices;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>Writes a links file page by page, with the header last: until then the file holds no links.</summary>
internal sealed unsafe class LinksWriter
{
    private const int Alignment = 64;

    private readonly Stream _stream;
    private readonly LinksSectionEntry[] _sections = new LinksSectionEntry[LinksHeader.SectionCount];
    private readonly List<uint> _checksums = [];
    private readonly byte[] _pages = new byte[16 * LinksPages.PageLength];
    private int _filled;
    private int _next;

    private LinksWriter(Stream stream)
    {
        _stream = stream;
        _stream.Write(new byte[LinksPages.PageLength]);
    }

    private long Position => ((_checksums.Count + 1L) * LinksPages.PageLength) + _filled;

    /// <summary>Writes links.</summary>
    /// <param name="graph">The links.</param>
    /// <param name="state">SHA-256 of the state they were made from, hexadecimal.</param>
    /// <param name="stream">Where to; it is empty and can seek.</param>
    public static void Write(LinksGraph graph, string state, Stream stream)
    {
        var file = new LinksWriter(stream);
        file.Add(graph.Names.Utf8);
        file.Add(graph.Names.Ends);
        file.Add(graph.MentionCounts);
        file.Add(graph.SubjectDocuments);
        foreach (var rows in (ReadOnlySpan<LinksRows>)[graph.Mentions, graph.Subjects, graph.PassageNames])
        {
            file.Add(rows.Ends);
            file.Add(rows.Values);
        }

        file.Add(graph.PassageSubjects);
        file.Finish(graph, state);
        GC.KeepAlive(graph);
    }

    private void Add<T>(LinksColumn<T> column)
        where T : unmanaged
    {
        Append(new byte[(int)(-Position & (Alignment - 1))]);
        ref var section = ref _sections[_next++];
        section.Offset = Position;

        // In pieces: as bytes, a column of numbers may be longer than a span.
        const int Piece = 1 << 20;
        for (var start = 0; start < column.Count; start += Piece)
        {
            Append(MemoryMarshal.AsBytes(column.Slice(start, Math.Min(Piece, column.Count - start))));
        }

        section.Length = Position - section.Offset;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var taken = bytes[..Math.Min(bytes.Length, _pages.Length - _filled)];
            taken.CopyTo(_pages.AsSpan(_filled));
            _filled += taken.Length;
            bytes = bytes[taken.Length..];
            if (_filled == _pages.Length)
            {
                WritePages();
            }
        }
    }

    private void WritePages()
    {
        for (var start = 0; start < _filled; start += LinksPages.PageLength)
        {
            _checksums.Add(Checksum.Of(_pages.AsSpan(start, Math.Min(LinksPages.PageLength, _filled - start))));
        }

        _stream.Write(_pages, 0, _filled);
        _filled = 0;
    }

    private void Finish(LinksGraph graph, string state)
    {
        var header = new LinksHeader
        {
            Magic = LinksHeader.ExpectedMagic,
            FormatVersion = LinksHeader.Version,
            Names = graph.NameCount,
            Passages = graph.PassageCount,
            PageTable = Position,
        };
        Convert.FromHexString(state).CopyTo((Span<byte>)header.State);
        WritePages();
        var checksums = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_checksums));
        _stream.Write(checksums);
        (header.PageTableChecksum, header.FileLength) = (Checksum.Of(checksums), header.PageTable + checksums.Length);
        var page = new byte[LinksPages.PageLength];
        MemoryMarshal.AsBytes(_sections.AsSpan()).CopyTo(page.AsSpan(sizeof(LinksHeader)));
        MemoryMarshal.Write(page, header);
        header.Checksum = Checksum.Of(page);
        MemoryMarshal.Write(page, header);
        _stream.Position = 0;
        _stream.Write(page);
    }
}
