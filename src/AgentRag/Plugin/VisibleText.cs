using System.Globalization;
using System.Text;

namespace AgentRag.Plugin;

/// <summary>Takes out of a text what a person does not see and a model reads: control, zero-width and bidirectional characters, the tag block, private use.</summary>
internal static class VisibleText
{
    /// <summary>A text of several lines.</summary>
    public static string Of(string text) => Filter(text, keepLines: true);

    /// <summary>A text on one line, such as a title.</summary>
    public static string Line(string text) => Filter(text, keepLines: false);

    private static string Filter(string text, bool keepLines)
    {
        if (!text.EnumerateRunes().Any(rune => IsInvisible(rune, keepLines)))
        {
            return text;
        }

        var visible = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsInvisible(rune, keepLines))
            {
                visible.Append(rune.ToString());
            }
            else if (rune.Value is '\n' or '\r' or '\t')
            {
                visible.Append(' ');
            }
        }

        return visible.ToString();
    }

    private static bool IsInvisible(Rune rune, bool keepLines) => rune.Value is '\n' or '\r' or '\t'
        ? !keepLines
        : Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
}
