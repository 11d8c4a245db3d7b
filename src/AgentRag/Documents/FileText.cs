using System.Text;

namespace AgentRag.Documents;

/// <summary>Loads a whole file as text: UTF-8 with or without mark, UTF-16 with mark.</summary>
internal static class FileText
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding StrictUtf16 = new(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding StrictUtf16BigEndian = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);

    /// <summary>Loads a file.</summary>
    /// <returns>The text, or null when the file was skipped.</returns>
    public static async Task<string?> LoadAsync(
        DocumentFile file, DocumentReaderOptions options, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        var bytes = new FileInfo(file.FullPath).Length;
        if (bytes > options.MaxFileBytes)
        {
            skipped(new(file.FullPath, $"holds {bytes:N0} bytes, more than the {options.MaxFileBytes:N0} that are read of one file: split it"));
            return null;
        }

        var content = await File.ReadAllBytesAsync(file.FullPath, cancellationToken).ConfigureAwait(false);
        try
        {
            var text = Decode(content);
            if (text is null)
            {
                skipped(new(file.FullPath, "is a binary file"));
            }

            return text;
        }
        catch (DecoderFallbackException)
        {
            skipped(new(file.FullPath, "is neither UTF-8 nor UTF-16 text: convert it to UTF-8"));
            return null;
        }
    }

    /// <summary>Decodes bytes as text.</summary>
    /// <returns>The text without its byte order mark, or null for a binary file.</returns>
    /// <exception cref="DecoderFallbackException">The bytes are in another encoding.</exception>
    internal static string? Decode(ReadOnlySpan<byte> content) => content switch
    {
        [0xEF, 0xBB, 0xBF, ..] => StrictUtf8.GetString(content[3..]),
        [0xFF, 0xFE, ..] => StrictUtf16.GetString(content[2..]),
        [0xFE, 0xFF, ..] => StrictUtf16BigEndian.GetString(content[2..]),
        _ => content.Contains((byte)0) ? null : StrictUtf8.GetString(content),
    };
}
