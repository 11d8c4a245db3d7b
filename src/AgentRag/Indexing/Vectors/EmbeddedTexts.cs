using System.IO.Compression;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing.Vectors;

/// <summary>The texts that passages are embedded as: title, headings and text, a line each, behind the model's prefix.</summary>
/// <param name="segment">A segment of the index.</param>
/// <param name="prefix">What the model wants in front of a passage.</param>
internal sealed class EmbeddedTexts(Segment segment, string prefix)
{
    /// <summary>Reads all passages, block by block: asked for one at a time, each block would be decompressed for every passage in it.</summary>
    public IEnumerable<string> ReadAll()
    {
        for (var block = 0; block < segment.Blocks.Length; block++)
        {
            var (plain, first, end) = ReadBlock(block);
            for (var passage = first; passage < end; passage++)
            {
                yield return Of(passage, StoredPassage.Read(plain, passage - first));
            }
        }
    }

    public string Read(int passage) => Of(passage, segment.Stored(passage));

    private string Of(int passage, StoredPassage stored)
    {
        var title = segment.DocumentTitle(segment.PassageDocuments[passage]);
        return string.IsNullOrEmpty(stored.HeadingPath) ? $"{prefix}{title}\n{stored.Text}" : $"{prefix}{title}\n{stored.HeadingPath}\n{stored.Text}";
    }

    private (byte[] Plain, int First, int End) ReadBlock(int block)
    {
        var entry = segment.Blocks[block];
        var end = block + 1 < segment.Blocks.Length ? segment.Blocks[block + 1].FirstPassage : segment.PassageCount;
        var bytes = segment.BlockBytes(entry);
        if (entry.Length == entry.PlainLength)
        {
            return (bytes.ToArray(), entry.FirstPassage, end);
        }

        var plain = new byte[entry.PlainLength];
        return BrotliDecoder.TryDecompress(bytes, plain, out var length) && length == plain.Length
            ? (plain, entry.FirstPassage, end)
            : throw segment.Damaged("has a damaged block of passages");
    }
}
