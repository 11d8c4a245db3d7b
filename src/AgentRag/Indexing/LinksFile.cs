using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>Writes and reads the links of a segment.</summary>
/// <remarks>
/// Little-endian: eight bytes of magic, a version, the SHA-256 of the segment that the links were made from, the arrays of <see cref="LinksGraph"/> in a
/// fixed order, each with its length in front, and the SHA-256 of everything before. The checksum is verified before anything is parsed.
/// </remarks>
internal static class LinksFile
{
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "AGRAGLNK"u8;

    /// <summary>Writes links.</summary>
    /// <param name="graph">The links.</param>
    /// <param name="segmentSha256">Checksum of their segment, hexadecimal.</param>
    /// <param name="stream">Where to.</param>
    public static void Write(LinksGraph graph, string segmentSha256, Stream stream)
    {
        using var hash = SHA256.Create();
        using (var hashing = new CryptoStream(stream, hash, CryptoStreamMode.Write, leaveOpen: true))
        using (var buffered = new BufferedStream(hashing, 1 << 16))
        using (var writer = new BinaryWriter(buffered, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write(Convert.FromHexString(segmentSha256));
            Write(writer, graph.Names.Utf8);
            foreach (var column in (ReadOnlySpan<int[]>)[graph.Names.Ends, graph.MentionCounts, graph.SubjectDocuments])
            {
                Write(writer, column);
            }

            foreach (var rows in (ReadOnlySpan<LinksRows>)[graph.Mentions, graph.Subjects, graph.PassageNames])
            {
                Write(writer, rows.Ends);
                Write(writer, rows.Values);
            }
        }

        stream.Write(hash.Hash!);
    }

    /// <summary>Reads links.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="segmentSha256">Checksum of the segment at hand, hexadecimal.</param>
    /// <param name="problem">What is wrong with the file; null when there is nothing wrong.</param>
    /// <returns>The links; null when something is wrong, and when they belong to another segment.</returns>
    public static LinksGraph? Read(byte[] content, string segmentSha256, out string? problem)
    {
        problem = Problem(content);
        if (problem is not null)
        {
            return null;
        }

        using var reader = new BinaryReader(new MemoryStream(content, writable: false), Encoding.UTF8);
        reader.BaseStream.Position = Magic.Length + sizeof(int);
        if (!reader.ReadBytes(SHA256.HashSizeInBytes).AsSpan().SequenceEqual(Convert.FromHexString(segmentSha256)))
        {
            return null;
        }

        var names = new StringTable(Read<byte>(reader), Read<int>(reader));
        return new(names, Read<int>(reader), Read<int>(reader), ReadRows(reader), ReadRows(reader), ReadRows(reader));
    }

    private static string? Problem(ReadOnlySpan<byte> content)
    {
        if (content.Length < Magic.Length + sizeof(int) + (2 * SHA256.HashSizeInBytes))
        {
            return "the file is cut off";
        }

        if (!SHA256.HashData(content[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(content[^SHA256.HashSizeInBytes..]))
        {
            return "its checksum is wrong";
        }

        var isCurrent = content.StartsWith(Magic) && MemoryMarshal.Read<int>(content[Magic.Length..]) == Version;
        return isCurrent ? null : "it has another format";
    }

    private static void Write<T>(BinaryWriter writer, T[] values)
        where T : unmanaged
    {
        writer.Write(values.Length);
        writer.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private static T[] Read<T>(BinaryReader reader)
        where T : unmanaged
    {
        var values = new T[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static LinksRows ReadRows(BinaryReader reader) => new(Read<int>(reader), Read<int>(reader));
}
