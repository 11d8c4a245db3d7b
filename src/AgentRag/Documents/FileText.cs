using System.Text;

namespace AgentRag.Documents;

/// <summary>Loads a whole file as text: UTF-8 with or without mark, UTF-16 with mark.</summary>
internal static class FileText
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding StrictUtf16 = new(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding StrictUtf16BigEndian = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);

    /// <summary>Loads a file that is made of lines.</summary>
    /// <returns>The text, or null when the file was skipped.</returns>
    public static async Task<string?> LoadAsync(
        DocumentFile file, DocumentReaderOptions options, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        if (await LoadBytesAsync(file, options, skipped, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return null;
        }

        try
        {
            var text = Decode(content);
            var problem = text is null ? "is a binary file" : LineProblem(text, options);
            if (problem is null)
            {
                return text;
            }

            skipped(new(file.FullPath, problem));
        }
        catch (DecoderFallbackException)
        {
            skipped(new(file.FullPath, "is neither UTF-8 nor UTF-16 text: convert it to UTF-8"));
        }

        return null;
    }

    /// <summary>Loads a file's bytes.</summary>
    /// <returns>The bytes, or null when the file was skipped as too large.</returns>
    public static async Task<byte[]?> LoadBytesAsync(
        DocumentFile file, DocumentReaderOptions options, Action<SkippedFile> skipped, CancellationToken cancellationToken) =>
        IsTooLarge(file, options, skipped) ? null : await File.ReadAllBytesAsync(file.FullPath, cancellationToken).ConfigureAwait(false);

    /// <summary>Reports a file that is too large.</summary>
    public static bool IsTooLarge(DocumentFile file, DocumentReaderOptions options, Action<SkippedFile> skipped)
    {
        var bytes = new FileInfo(file.FullPath).Length;
        if (bytes > options.MaxFileBytes)
        {
            skipped(new(file.FullPath, $"holds {bytes:N0} bytes, more than the {options.MaxFileBytes:N0} that are read of one file: split it"));
        }

        return bytes > options.MaxFileBytes;
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

    private static string? LineProblem(string text, DocumentReaderOptions options)
    {
        var number = 1;
        foreach (var line in text.AsSpan().Split('\n'))
        {
            if (line.End.Value - line.Start.Value > options.MaxLineLength)
            {
                return $"its line {number:N0} is longer than the {options.MaxLineLength:N0} characters that are read of one line";
            }

            number++;
        }

        return null;
    }
}
