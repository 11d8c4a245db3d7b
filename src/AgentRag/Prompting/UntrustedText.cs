using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AgentRag.Prompting;

/// <summary>Makes text from outside harmless inside a prompt: it can forge no delimiter, no role and no Self-Ask line.</summary>
/// <remarks>The words stay readable. Only marks that a prompt or a chat template gives a meaning to are changed.</remarks>
public static partial class UntrustedText
{
    /// <summary>Makes a text of several lines harmless.</summary>
    /// <param name="text">A passage's text.</param>
    /// <returns>
    /// The text without control and invisible characters, with the tags of prompts and chat templates written with ‹ and ›, and with a quotation mark
    /// <c>&gt;</c> before every line that reads like a Self-Ask line or a role.
    /// </returns>
    public static string Neutralise(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var visible = Visible(text, keepLines: true);
        var untagged = Tag().Replace(visible, match => match.Value.Replace('<', '‹').Replace('>', '›').Replace('[', '(').Replace(']', ')'));
        return ForgedLine().Replace(untagged, "> $0");
    }

    /// <summary>Makes a text harmless and puts it on one line.</summary>
    /// <param name="text">A title, a question, an answer.</param>
    /// <returns>One line, without the marks that delimit attributes and tags.</returns>
    public static string NeutraliseLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var line = Spaces().Replace(Visible(text, keepLines: false), " ").Trim();
        return Tag().Replace(line, match => match.Value.Replace('<', '‹').Replace('>', '›').Replace('[', '(').Replace(']', ')'));
    }

    /// <summary>Makes a text fit to stand between the double quotes of a tag's attribute.</summary>
    /// <param name="text">A title or a source.</param>
    /// <returns>One line without double quotes and angle brackets.</returns>
    public static string NeutraliseAttribute(string text) =>
        NeutraliseLine(text).Replace('"', '\'').Replace('<', '‹').Replace('>', '›');

    private static string Visible(string text, bool keepLines)
    {
        var result = new StringBuilder(text.Length);
        var previous = '\0';
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\n' or '\r' or '\v' or '\f' or 0x85 or 0x2028 or 0x2029)
            {
                if (rune.Value != '\n' || previous != '\r')
                {
                    result.Append(keepLines ? '\n' : ' ');
                }
            }
            else if (rune.Value == '\t')
            {
                result.Append(keepLines ? '\t' : ' ');
            }
            else if (!IsInvisible(rune))
            {
                result.Append(rune.ToString());
            }

            previous = rune.Value == '\r' ? '\r' : '\0';
        }

        return result.ToString();
    }

    // Control characters, zero-width and bidirectional marks, the tag block: they change what a model reads without showing it to a person.
    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    [GeneratedRegex(@"<\s*/?\s*(?:passages?|examples?|system|user|assistant|messages?|think|s)\b[^<>]{0,200}>?|<\s*/?\s*(?:start|end)_of_turn\s*>?|<\|[^<>]{0,60}\|>|<\||\|>|<[|｜][^<>]{0,60}>?|<\s*/?\s*(?:bos|eos|pad|unk)\s*>|<</?SYS>>|\[/?INST\]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Tag();

    [GeneratedRegex(@"^(?:[^\S\n]|[\p{P}\p{S}\d]){0,16}(?:follow[\s_-]{0,3}up|intermediate\s+answer|so\s+the\s+final\s+answer\s+is|final\s+answer|question|answer|system|user|assistant|human|instructions?)[^\S\n]*[\p{P}\p{S}]{0,4}[^\S\n]*[:：]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ForgedLine();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Spaces();
}
