using System.Globalization;
using System.Text;

namespace AgentRag.Documents;

/// <summary>How mails carry bytes in lines of ASCII (RFC 2045). Both decoders keep what they can of a damaged text.</summary>
internal static class TransferEncodings
{
    /// <summary>Decodes base64; characters that are not of its alphabet are passed over, an incomplete end is dropped.</summary>
    public static byte[] Base64(ReadOnlySpan<byte> text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var b in text)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'+' or (byte)'/')
            {
                clean.Append((char)b);
            }
        }

        // A single character holds no whole byte.
        clean.Length -= clean.Length % 4 == 1 ? 1 : 0;
        clean.Append('=', (4 - (clean.Length % 4)) % 4);
        try
        {
            return Convert.FromBase64String(clean.ToString());
        }
        catch (FormatException)
        {
            return [];
        }
    }

    /// <summary>Decodes quoted-printable; an equals sign without two hexadecimal digits stands for itself.</summary>
    /// <param name="text">The text.</param>
    /// <param name="underscoreIsSpace">Whether it comes from a header, where a space is written as an underscore.</param>
    public static byte[] QuotedPrintable(ReadOnlySpan<byte> text, bool underscoreIsSpace)
    {
        var bytes = new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var rest = text[i..];
            if (rest is [(byte)'=', (byte)'\n', ..] or [(byte)'=', (byte)'\r', (byte)'\n', ..])
            {
                i += rest[1] == '\n' ? 1 : 2;
            }
            else if (rest is [(byte)'=', _, _, ..] && byte.TryParse(rest[1..3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes[length++] = value;
                i += 2;
            }
            else
            {
                bytes[length++] = underscoreIsSpace && text[i] == '_' ? (byte)' ' : text[i];
            }
        }

        return bytes[..length];
    }
}
