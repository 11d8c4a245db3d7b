using System.Text;

namespace AgentRag.Documents;

/// <summary>Makes a page that was laid out for paper readable as text.</summary>
internal static class PdfPageText
{
    /// <summary>
    /// Takes away the margin, narrows gaps between columns to three spaces, joins words that were hyphenated at the end of a line, and leaves one blank
    /// line between blocks.
    /// </summary>
    public static string Clean(string page)
    {
        var text = new StringBuilder(page.Length);
        var blank = false;
        foreach (var raw in page.AsSpan().EnumerateLines())
        {
            var line = raw.Trim();
            if (line.IsEmpty)
            {
                blank = text.Length > 0;
                continue;
            }

            // "hyphen-" and "ation" are one word; "multi-" and "Hop" are not.
            if (!blank && text.Length > 1 && text[^1] == '-' && char.IsLower(text[^2]) && char.IsLower(line[0]))
            {
                text.Length--;
            }
            else
            {
                text.Append(text.Length == 0 ? "" : blank ? "\n\n" : "\n");
            }

            AppendNarrowed(text, line);
            blank = false;
        }

        return text.ToString();
    }

    private static void AppendNarrowed(StringBuilder text, ReadOnlySpan<char> line)
    {
        var spaces = 0;
        foreach (var c in line)
        {
            spaces = c == ' ' ? spaces + 1 : 0;
            if (spaces <= 3)
            {
                text.Append(c == '\0' ? '\uFFFD' : c);
            }
        }
    }
}
