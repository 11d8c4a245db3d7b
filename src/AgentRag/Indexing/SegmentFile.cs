using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>Writes and reads segments.</summary>
/// <remarks>
/// Little-endian: eight bytes of magic, a version, the columns of <see cref="IndexSegment"/> in a fixed order, each with its length in front, and the
/// SHA-256 of everything before. Postings are written as differences in variable-length integers. The checksum is verified before anything is parsed,
/// so the parser meets only what this program wrote.
/// </remarks>
internal static class SegmentFile
{
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "AGRAGSEG"u8;

    /// <summary>Writes a segment.</summary>
    /// <returns>The checksum, hexadecimal.</returns>
    public static string Write(IndexSegment segment, Stream stream)
    {
        using var hash = SHA256.Create();
        using (var hashing = new CryptoStream(stream, hash, CryptoStreamMode.Write, leaveOpen: true))
        using (var buffered = new BufferedStream(hashing, 1 << 16))
        using (var writer = new BinaryWriter(buffered, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(Version);
            foreach (var table in Tables(segment))
            {
                Write(writer, table.Utf8);
                Write(writer, table.Ends);
            }

            foreach (var column in Columns(segment))
            {
                Write(writer, column);
            }

            WritePostings(writer, segment);
            FileTable.Write(writer, segment.Files);
        }

        stream.Write(hash.Hash!);
        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>Reads a segment.</summary>
    /// <param name="directory">The index, for messages.</param>
    /// <param name="stream">The segment's file.</param>
    /// <param name="sha256">The checksum it must have, hexadecimal.</param>
    /// <exception cref="AgentRagException">The content is not what was written.</exception>
    public static IndexSegment Read(string directory, Stream stream, string sha256)
    {
        Verify(directory, stream, sha256);
        using var buffered = new BufferedStream(stream, 1 << 16);
        using var reader = new BinaryReader(buffered, Encoding.UTF8, leaveOpen: true);
        var isSegment = reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic);
        if (!isSegment || reader.ReadInt32() != Version)
        {
            throw IndexManifest.Damaged(directory, "the segment file has another format");
        }

        var tables = ReadMany(7, () => new StringTable(ReadArray<byte>(reader), ReadArray<int>(reader)));
        var columns = ReadMany(7, () => ReadArray<int>(reader));
        var (passages, frequencies) = ReadPostings(reader, columns[6]);
        return new IndexSegment
        {
            DocumentIds = tables[0],
            DocumentTitles = tables[1],
            DocumentSources = tables[2],
            HeadingPaths = tables[3],
            PassageIds = tables[4],
            PassageTexts = tables[5],
            Terms = tables[6],
            PassageDocuments = columns[0],
            PassageHeadingPaths = columns[1],
            PassageStarts = columns[2],
            PassageEnds = columns[3],
            PassageTokens = columns[4],
            PassageTerms = columns[5],
            PostingEnds = columns[6],
            PostingPassages = passages,
            PostingFrequencies = frequencies,
            Files = FileTable.Read(reader),
        };
    }

    private static StringTable[] Tables(IndexSegment s) =>
        [s.DocumentIds, s.DocumentTitles, s.DocumentSources, s.HeadingPaths, s.PassageIds, s.PassageTexts, s.Terms];

    private static int[][] Columns(IndexSegment s) =>
        [s.PassageDocuments, s.PassageHeadingPaths, s.PassageStarts, s.PassageEnds, s.PassageTokens, s.PassageTerms, s.PostingEnds];

    private static void Verify(string directory, Stream stream, string sha256)
    {
        const int HashLength = SHA256.HashSizeInBytes;
        if (stream.Length < Magic.Length + HashLength)
        {
            throw IndexManifest.Damaged(directory, "the segment file is cut off");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 17];
        for (var left = stream.Length - HashLength; left > 0;)
        {
            var read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0)
            {
                throw IndexManifest.Damaged(directory, "the segment file is cut off");
            }

            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        var stored = new byte[HashLength];
        stream.ReadExactly(stored);
        var actual = hash.GetHashAndReset();
        if (!actual.AsSpan().SequenceEqual(stored) || Convert.ToHexStringLower(actual) != sha256)
        {
            throw IndexManifest.Damaged(directory, "the segment file's checksum is wrong");
        }

        stream.Position = 0;
    }

    private static void WritePostings(BinaryWriter writer, IndexSegment segment)
    {
        for (var (term, posting) = (0, 0); term < segment.PostingEnds.Length; term++)
        {
            for (var previous = 0; posting < segment.PostingEnds[term]; posting++)
            {
                var passage = segment.PostingPassages[posting];
                writer.Write7BitEncodedInt(passage - previous);
                writer.Write7BitEncodedInt(segment.PostingFrequencies[posting]);
                previous = passage;
            }
        }
    }

    private static (int[] Passages, int[] Frequencies) ReadPostings(BinaryReader reader, int[] ends)
    {
        var count = ends.Length == 0 ? 0 : ends[^1];
        var (passages, frequencies) = (new int[count], new int[count]);
        for (var (term, posting) = (0, 0); term < ends.Length; term++)
        {
            for (var passage = 0; posting < ends[term]; posting++)
            {
                passages[posting] = passage += reader.Read7BitEncodedInt();
                frequencies[posting] = reader.Read7BitEncodedInt();
            }
        }

        return (passages, frequencies);
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

    private static T[] ReadMany<T>(int count, Func<T> read)
    {
        var items = new T[count];
        for (var i = 0; i < count; i++)
        {
            items[i] = read();
        }

        return items;
    }
}
