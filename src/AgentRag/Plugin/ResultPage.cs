using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Plugin;

/// <summary>Where the next page of a listing begins, as a text that a client hands back.</summary>
/// <remarks>It proves nothing and opens nothing: it is a number, tied to the listing it belongs to, and checked like any argument.</remarks>
internal static class ResultPage
{
    /// <summary>Writes the cursor of a page.</summary>
    /// <param name="listing">What is listed: the tool and the arguments that choose the items.</param>
    /// <param name="first">The page's first item, from 0.</param>
    public static string Cursor(string listing, int first) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{first}.{Mark(listing)}")));

    /// <summary>Reads a cursor.</summary>
    /// <returns>The page's first item; 0 for an empty cursor.</returns>
    /// <exception cref="AgentRagException">The text is no cursor, or one of another listing.</exception>
    public static int First(string listing, string cursor)
    {
        if (cursor.Length == 0)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[64];
        if (cursor.Length <= 80 && Base64Url.IsValid(cursor) && Base64Url.TryDecodeFromChars(cursor, bytes, out var written)
            && Encoding.UTF8.GetString(bytes[..written]).Split('.') is [var first, var mark]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return mark == Mark(listing)
                ? number
                : throw new AgentRagException("'cursor' belongs to another call: repeat the arguments of the call that returned it, or leave it out to begin anew.");
        }

        throw new AgentRagException("'cursor' is no cursor of this server: hand back nextCursor as it came, or leave it out to begin anew.");
    }

    private static string Mark(string listing) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(listing)).AsSpan(0, 6));
}
