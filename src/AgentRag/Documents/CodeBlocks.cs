namespace AgentRag.Documents;

/// <summary>Finds where the functions and types of a source file begin.</summary>
internal static class CodeBlocks
{
    /// <summary>An outer block of at most this many lines is not cut at the blocks inside it: it makes one or two passages by itself.</summary>
    private const int MaxWholeLines = 40;

    /// <summary>Longer lines begin no block: they are data or were made by a program.</summary>
    private const int MaxLineLength = 500;

    private const int MaxLevels = 3;

    private static readonly HashSet<string> Statements = new(StringComparer.Ordinal)
    {
        "if", "for", "while", "switch", "return", "else", "do", "sizeof", "catch", "new", "using", "lock", "foreach", "defined", "throw", "await",
    };

    /// <summary>Finds the blocks.</summary>
    /// <returns>
    /// A heading of no length where each block begins, its comments and attributes included: the first line is part of the text, not only a title.
    /// Levels follow the indentation. Blocks inside short blocks are left out.
    /// </returns>
    public static IReadOnlyList<Heading> Find(string text, CodeLanguage language)
    {
        if (language.Block is null)
        {
            return [];
        }

        List<Block> blocks = [];
        var (line, lineNumber, attached, attachedLine) = (0, 0, -1, 0);
        while (line < text.Length)
        {
            var feed = text.AsSpan(line).IndexOf('\n');
            var end = feed < 0 ? text.Length : line + feed;
            var content = text.AsSpan(line, end - line).TrimEnd();
            if (Name(text, line, content, language) is { } name)
            {
                var indent = content.Length - content.TrimStart().Length;
                blocks.Add(new(name, indent, attached >= 0 ? attached : line, attached >= 0 ? attachedLine : lineNumber));
                attached = -1;
            }
            else if (!Belongs(content.TrimStart(), language))
            {
                attached = -1;
            }
            else if (attached < 0)
            {
                (attached, attachedLine) = (line, lineNumber);
            }

            line = end + 1;
            lineNumber++;
        }

        return Headings(blocks, lineNumber);
    }

    private static string? Name(string text, int line, ReadOnlySpan<char> content, CodeLanguage language)
    {
        if (content.IsEmpty || content.Length > MaxLineLength || !language.Block!.IsMatch(content))
        {
            return null;
        }

        var name = Titles.OneLine(language.Block.Match(text.Substring(line, content.Length)).Groups["name"].Value);
        return name.Length == 0 || Statements.Contains(name) ? null : name;
    }

    private static bool Belongs(ReadOnlySpan<char> content, CodeLanguage language)
    {
        foreach (var prefix in language.Prefixes)
        {
            if (content.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static List<Heading> Headings(List<Block> blocks, int lines)
    {
        int[] indents = [.. blocks.Select(block => block.Indent).Distinct().Order().Take(MaxLevels)];
        List<Heading> headings = [];
        var isWhole = false;
        for (var i = 0; i < blocks.Count; i++)
        {
            var (block, level) = (blocks[i], 1 + Array.IndexOf(indents, blocks[i].Indent));
            if (level == 1)
            {
                var next = blocks.FindIndex(i + 1, other => other.Indent == indents[0]);
                isWhole = (next < 0 ? lines : blocks[next].Line) - block.Line <= MaxWholeLines;
            }

            if (level == 1 || (level > 1 && !isWhole))
            {
                headings.Add(new(level, block.Name, block.Start, block.Start));
            }
        }

        return headings;
    }

    private sealed record Block(string Name, int Indent, int Start, int Line);
}
