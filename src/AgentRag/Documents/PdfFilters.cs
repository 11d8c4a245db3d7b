using System.IO.Compression;

namespace AgentRag.Documents;

/// <summary>Undoes the filters that text streams of PDF files go through.</summary>
internal static class PdfFilters
{
    private const int MaxFilters = 4;

    /// <summary>Decodes a stream.</summary>
    /// <returns>
    /// The bytes, or null where a filter is not known: those of pictures, and LZW, which nobody has written for twenty years and which unpacks by the
    /// thousand.
    /// </returns>
    /// <exception cref="InvalidDataException">It unpacks to more than <paramref name="maxBytes"/>.</exception>
    public static byte[]? Decode(ReadOnlyMemory<byte> content, string[] filters, bool hasPredictor, long maxBytes)
    {
        if (filters.Length > MaxFilters || hasPredictor)
        {
            return null;
        }

        var decoded = content.ToArray();
        foreach (var filter in filters)
        {
            switch (filter)
            {
                case "FlateDecode" or "Fl":
                    decoded = Inflate(decoded, maxBytes);
                    break;
                case "ASCII85Decode" or "A85":
                    decoded = Ascii85(decoded);
                    break;
                case "ASCIIHexDecode" or "AHx":
                    decoded = new PdfTokens((byte[])[(byte)'<', .. decoded]).Next().Bytes;
                    break;
                default:
                    return null;
            }
        }

        return decoded;
    }

    /// <summary>Unpacks zlib data; of damaged data what comes before the damage.</summary>
    private static byte[] Inflate(byte[] content, long maxBytes)
    {
        using var output = new MemoryStream();
        using var input = new ZLibStream(new MemoryStream(content), CompressionMode.Decompress);
        var buffer = new byte[1 << 16];
        while (true)
        {
            int read;
            try
            {
                read = input.Read(buffer);
            }
            catch (InvalidDataException)
            {
                read = 0;
            }

            if (read == 0)
            {
                return output.ToArray();
            }

            if (output.Length + read > maxBytes)
            {
                throw new InvalidDataException("unpacks to more than is read of one file");
            }

            output.Write(buffer, 0, read);
        }
    }

    /// <summary>PDF 32000-1:2008, section 7.4.3: five characters from ! to u for four bytes, z for four zeros, ~ at the end.</summary>
    private static byte[] Ascii85(byte[] content)
    {
        List<byte> output = new(content.Length);
        var (group, count) = (0u, 0);
        foreach (var b in content)
        {
            if (b == '~')
            {
                break;
            }

            if (b == 'z' && count == 0)
            {
                output.AddRange([0, 0, 0, 0]);
            }
            else if (b is >= (byte)'!' and <= (byte)'u')
            {
                group = unchecked((group * 85) + b - '!');
                if (++count == 5)
                {
                    output.AddRange([(byte)(group >> 24), (byte)(group >> 16), (byte)(group >> 8), (byte)group]);
                    (group, count) = (0, 0);
                }
            }
        }

        if (count > 1)
        {
            for (var i = count; i < 5; i++)
            {
                group = unchecked((group * 85) + 84);
            }

            output.AddRange(((byte[])[(byte)(group >> 24), (byte)(group >> 16), (byte)(group >> 8)]).AsSpan(0, count - 1));
        }

        return [.. output];
    }
}
