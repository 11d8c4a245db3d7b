using System.Buffers;
using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>What of a passage is read only when it is returned.</summary>
/// <param name="Id">The passage's id.</param>
/// <param name="HeadingPath">The headings above it, joined by line feeds; null for none.</param>
/// <param name="Start">Offset of its first character in the document's text.</param>
/// <param name="End">Offset behind its last character.</param>
/// <param name="Text">Its text.</param>
internal readonly record struct StoredPassage(string Id, string? HeadingPath, int Start, int End, string Text)
{
    /// <summary>Appends the passage: its length in bytes, then its fields, numbers with seven bits per byte.</summary>
    public void AppendTo(ArrayBufferWriter<byte> target, ArrayBufferWriter<byte> scratch)
    {
        scratch.ResetWrittenCount();
        Append(scratch, Id);
        Append(scratch, HeadingPath ?? "");
        Append(scratch, (uint)Start);
        Append(scratch, (uint)End);
        Append(scratch, HeadingPath is null ? 0u : 1);
        Append(scratch, Text);
        Append(target, (uint)scratch.WrittenCount);
        target.Write(scratch.WrittenSpan);
    }

    /// <summary>Reads one of the passages of a block.</summary>
    /// <param name="block">The block, decompressed.</param>
    /// <param name="skip">How many passages stand before it.</param>
    /// <exception cref="InvalidDataException">The block holds no such passage.</exception>
    public static StoredPassage Read(ReadOnlySpan<byte> block, int skip)
    {
        for (; skip > 0; skip--)
        {
            _ = Take(ref block, ReadNumber(ref block));
        }

        var fields = Take(ref block, ReadNumber(ref block));
        var (id, headings) = (ReadText(ref fields), ReadText(ref fields));
        var (start, end, hasHeadings) = (ReadNumber(ref fields), ReadNumber(ref fields), ReadNumber(ref fields));
        return new(id, hasHeadings == 0 ? null : headings, (int)start, (int)end, ReadText(ref fields));
    }

    private static void Append(ArrayBufferWriter<byte> target, uint value)
    {
        var span = target.GetSpan(5);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        target.Advance(length);
    }

    private static void Append(ArrayBufferWriter<byte> target, string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        Append(target, (uint)bytes);
        target.Advance(Encoding.UTF8.GetBytes(text, target.GetSpan(bytes)));
    }

    private static uint ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0u;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = Take(ref bytes, 1)[0];
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("A number is too long.");
    }

    private static string ReadText(ref ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(Take(ref bytes, ReadNumber(ref bytes)));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, uint length)
    {
        if (length > bytes.Length)
        {
            throw new InvalidDataException("A stored passage is cut off.");
        }

        var taken = bytes[..(int)length];
        bytes = bytes[(int)length..];
        return taken;
    }
}
