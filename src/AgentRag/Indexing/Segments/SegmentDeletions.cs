using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>What of a segment no longer counts. Never changed once made: each run that deletes writes a new version.</summary>
/// <remarks>
/// Beside the marks stand the sums that statistics lose, and for each term the number of its deleted passages: scores are those of an index without the
/// deleted passages.
/// </remarks>
internal sealed class SegmentDeletions
{
    private static ReadOnlySpan<byte> Magic => "AGRAGDEL"u8;

    private readonly int[] _terms;
    private readonly int[] _termCounts;

    private SegmentDeletions(Segment segment, ulong[] passages, ulong[] documents, ulong[] files, int[] terms, int[] termCounts)
    {
        (Passages, Documents, Files, _terms, _termCounts) = (passages, documents, files, terms, termCounts);
        for (var passage = 0; passage < segment.PassageCount; passage++)
        {
            if (IsMarked(passages, passage))
            {
                PassageCount++;
                TotalLength += segment.PassageLengths[passage];
                TotalTokens += segment.PassageTokens[passage];
            }
        }

        DocumentCount = Count(documents);
    }

    /// <summary>One bit per passage, as are the others per document and file.</summary>
    public ulong[] Passages { get; }

    public ulong[] Documents { get; }

    public ulong[] Files { get; }

    public int PassageCount { get; }

    public int DocumentCount { get; }

    public long TotalLength { get; }

    public long TotalTokens { get; }

    public static bool IsMarked(ulong[] bits, int index) => (bits[index >> 6] >> index & 1) != 0;

    /// <summary>Deleted passages with a term.</summary>
    public int PassagesWith(int term)
    {
        var found = Array.BinarySearch(_terms, term);
        return found < 0 ? 0 : _termCounts[found];
    }

    /// <summary>Marks files as deleted, and with them their documents and passages.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="before">What is deleted already; null for nothing.</param>
    /// <param name="files">Numbers of the files.</param>
    /// <param name="entries">All files of the segment.</param>
    /// <param name="analyzer">How the passages' terms were found.</param>
    public static SegmentDeletions Mark(
        Segment segment, SegmentDeletions? before, IReadOnlySet<int> files, IReadOnlyList<FileEntry> entries, AnalyzerOptions analyzer)
    {
        var fileBits = Bits(before?.Files, entries.Count);
        var documentBits = Bits(before?.Documents, segment.DocumentCount);
        var passageBits = Bits(before?.Passages, segment.PassageCount);
        SortedDictionary<int, int> terms = [];
        for (var i = 0; i < (before?._terms.Length ?? 0); i++)
        {
            terms.Add(before!._terms[i], before._termCounts[i]);
        }

        // The indexer adds document by document, so a document's passages are neighbours.
        var documents = segment.PassageDocuments;
        var counter = new DeletedTerms(segment, analyzer);
        for (var (file, document) = (0, 0); file < entries.Count; document += entries[file++].Documents)
        {
            if (!files.Contains(file) || IsMarked(fileBits, file))
            {
                continue;
            }

            Set(fileBits, file);
            for (var gone = document; gone < document + entries[file].Documents; gone++)
            {
                Set(documentBits, gone);
                for (var passage = segment.FirstPassage(gone); passage < documents.Length && documents[passage] == gone; passage++)
                {
                    Set(passageBits, passage);
                    counter.Count(passage, terms);
                }
            }
        }

        return new(segment, passageBits, documentBits, fileBits, [.. terms.Keys], [.. terms.Values]);
    }

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(SegmentHeader.Version);
            foreach (var bits in (ReadOnlySpan<ulong[]>)[Passages, Documents, Files])
            {
                Write(writer, bits);
            }

            Write(writer, _terms);
            Write(writer, _termCounts);
        }

        return stream.ToArray();
    }

    /// <summary>Reads a file whose checksum has been compared.</summary>
    /// <exception cref="AgentRagException">It does not fit the segment.</exception>
    public static SegmentDeletions Read(Segment segment, byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false), Encoding.UTF8);
        if (!reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic) || reader.ReadInt32() != SegmentHeader.Version)
        {
            throw segment.Damaged("has deletions of another format");
        }

        var (passages, documents, files) = (ReadArray<ulong>(reader), ReadArray<ulong>(reader), ReadArray<ulong>(reader));
        if (passages.Length != Words(segment.PassageCount) || documents.Length != Words(segment.DocumentCount))
        {
            throw segment.Damaged("has deletions of another segment");
        }

        return new(segment, passages, documents, files, ReadArray<int>(reader), ReadArray<int>(reader));
    }

    private static int Words(int bits) => (bits + 63) / 64;

    private static ulong[] Bits(ulong[]? before, int count)
    {
        var bits = new ulong[Words(count)];
        before?.CopyTo(bits, 0);
        return bits;
    }

    private static void Set(ulong[] bits, int index) => bits[index >> 6] |= 1UL << index;

    private static int Count(ulong[] bits)
    {
        var count = 0;
        foreach (var word in bits)
        {
            count += BitOperations.PopCount(word);
        }

        return count;
    }

    private static void Write<T>(BinaryWriter writer, T[] values)
        where T : unmanaged
    {
        writer.Write(values.Length);
        writer.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private static T[] ReadArray<T>(BinaryReader reader)
        where T : unmanaged
    {
        var values = new T[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
