using System.Runtime.InteropServices;
using System.Text;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing.Vectors;

/// <summary>Neighbouring rows of a source.</summary>
internal readonly record struct RowRange(IVectorRows Source, int First, int Count);

/// <summary>Writes a vector segment column by column, with the header last: until then the file is no segment.</summary>
internal static class VectorSegmentWriter
{
    private const int RowsAtOnce = 4096;

    /// <summary>Writes rows in the given order.</summary>
    /// <returns>The header's checksum, which stands for the whole file.</returns>
    public static uint Write(Stream stream, string model, VectorLayout layout, IReadOnlyList<RowRange> ranges, CancellationToken cancellationToken)
    {
        var name = Encoding.UTF8.GetBytes(model);
        var header = new VectorHeader
        {
            Magic = VectorHeader.ExpectedMagic,
            FormatVersion = VectorHeader.Version,
            Rows = checked(ranges.Sum(range => range.Count)),
            Dimensions = layout.Dimensions,
            Flags = VectorFlags.Normalised | (layout.HasFloats ? VectorFlags.Floats : VectorFlags.None),
            ModelLength = name.Length,
        };
        header.FileLength = header.ExpectedLength;
        for (var column = VectorColumn.Keys; column <= VectorColumn.FloatChecksums; column++)
        {
            stream.Write(new byte[header.Offset(column) - stream.Position]);
            header.Checksums[(int)column] = Write(stream, column, ranges, cancellationToken);
        }

        header.Checksum = VectorSegment.HeadChecksum(header, name);
        stream.Position = 0;
        stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<VectorHeader>(in header)));
        stream.Write(name);
        return header.Checksum;
    }

    private static uint Write(Stream stream, VectorColumn column, IReadOnlyList<RowRange> ranges, CancellationToken cancellationToken)
    {
        var state = ~0u;
        foreach (var range in ranges)
        {
            for (var done = 0; done < range.Count; done += RowsAtOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var bytes = range.Source.Column(column, range.First + done, Math.Min(RowsAtOnce, range.Count - done));
                state = Checksum.Append(state, bytes);
                stream.Write(bytes);
            }
        }

        return ~state;
    }
}
