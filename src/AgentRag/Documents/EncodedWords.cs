using System.Text;
using System.Text.RegularExpressions;

namespace AgentRag.Documents;

/// <summary>Decodes <c>=?charset?B?…?=</c> in the headers of mails (RFC 2047).</summary>
internal static partial class EncodedWords
{
    /// <summary>Decodes every encoded word; white space between two of them is theirs, not the text's.</summary>
    public static string Decode(string header) => Word().Replace(Between().Replace(header, "${word}"), Decode);

    private static string Decode(Match word)
    {
        var bytes = Encoding.Latin1.GetBytes(word.Groups["text"].Value);
        var isBase64 = word.Groups["encoding"].Value is "B" or "b";
        var charset = word.Groups["charset"].Value.Split('*')[0];
        return Charsets.Decode(isBase64 ? TransferEncodings.Base64(bytes) : TransferEncodings.QuotedPrintable(bytes, underscoreIsSpace: true), charset);
    }

    [GeneratedRegex(@"=\?(?<charset>[\w*.:-]+)\?(?<encoding>[BbQq])\?(?<text>[^?\s]*)\?=", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Word();

    [GeneratedRegex(@"(?<word>=\?[\w*.:-]+\?[BbQq]\?[^?\s]*\?=)\s+(?==\?[\w*.:-]+\?[BbQq]\?)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Between();
}
