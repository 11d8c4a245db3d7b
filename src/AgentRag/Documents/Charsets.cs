using System.Text;

namespace AgentRag.Documents;

/// <summary>Text encodings by the names that HTML pages and mails use.</summary>
internal static class Charsets
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Decodes bytes in a named encoding.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="name">The encoding's name, or null.</param>
    /// <returns>
    /// The text. Without a known name UTF-8 is tried, then Windows-1252, which gives every byte a meaning and is what unnamed Western text mostly is.
    /// Bytes that a named encoding does not know become U+FFFD.
    /// </returns>
    public static string Decode(ReadOnlySpan<byte> content, string? name)
    {
        if (Find(name) is { } encoding)
        {
            return encoding.GetString(content);
        }

        try
        {
            return StrictUtf8.GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return Find("windows-1252")!.GetString(content);
        }
    }

    /// <summary>Finds an encoding.</summary>
    /// <returns>The encoding, or null when the name is unknown.</returns>
    public static Encoding? Find(string? name)
    {
        // As browsers do: pages labelled Latin 1 or ASCII are Windows-1252, which differs only in bytes that Latin 1 has no letters for.
        var known = name?.Trim(' ', '"', '\'').ToUpperInvariant() switch
        {
            null or "" => null,
            "ISO-8859-1" or "LATIN1" or "US-ASCII" or "ASCII" => "windows-1252",
            "UTF8" => "utf-8",
            "UTF-7" => null,
            var other => other,
        };
        if (known is null)
        {
            return null;
        }

        if (CodePagesEncodingProvider.Instance.GetEncoding(known) is { } codePage)
        {
            return codePage;
        }

        try
        {
            return Encoding.GetEncoding(known);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
