using System.Text;

namespace AgentRag.Documents;

/// <summary>Titles as one clean line: they stand in prompts, where a line break could pass for the prompt's own.</summary>
internal static class Titles
{
    public static string FromFileName(DocumentFile file) => OneLine(Path.GetFileNameWithoutExtension(file.RelativePath));

    /// <summary>Joins runs of white space and control characters to one space.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            var isGap = char.IsWhiteSpace(c) || char.IsControl(c);
            if (!isGap)
            {
                line.Append(c);
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString().TrimEnd(' ');
    }
}
