namespace AgentRag.Documents;

/// <summary>Finds the blocks of a text: paragraphs, lists, tables and code.</summary>
internal static class TextBlocks
{
    /// <summary>Cuts a range at blank lines; a code fence is one block, whatever is in it.</summary>
    /// <returns>The starts of the blocks, ascending; the first is the range's own.</returns>
    public static List<int> Starts(string text, TextRange range)
    {
        List<int> starts = [range.Start];
        var (fence, afterBlank) = (default(string), false);
        for (var line = range.Start; line < range.End; line = NextLine(text, line, range.End))
        {
            var content = text.AsSpan(line, NextLine(text, line, range.End) - line).Trim();
            if (fence is not null)
            {
                fence = content.StartsWith(fence, StringComparison.Ordinal) ? null : fence;
                afterBlank = fence is null;
                continue;
            }

            if (afterBlank && !content.IsEmpty && line > range.Start)
            {
                starts.Add(line);
            }

            fence = content.StartsWith("```", StringComparison.Ordinal) ? "```" : content.StartsWith("~~~", StringComparison.Ordinal) ? "~~~" : null;
            afterBlank = content.IsEmpty;
        }

        return starts;
    }

    /// <summary>The starts of a block's lines, ascending.</summary>
    public static List<int> LineStarts(string text, TextRange block)
    {
        List<int> starts = [block.Start];
        for (var line = NextLine(text, block.Start, block.End); line < block.End; line = NextLine(text, line, block.End))
        {
            starts.Add(line);
        }

        return starts;
    }

    /// <summary>Whether a block is code, a table or a list: then it is cut between its lines and not inside them, if it must be cut.</summary>
    public static bool IsMadeOfLines(string text, TextRange block)
    {
        var content = text.AsSpan(block.Start, block.End - block.Start).TrimStart();
        return content is ['`', '`', '`', ..] or ['~', '~', '~', ..] or ['|', ..] or ['-' or '*' or '+', ' ', ..]
            || content[..LineLength(content)].Contains(" | ", StringComparison.Ordinal)
            || (content.Length > 2 && char.IsAsciiDigit(content[0]) && content[1..].TrimStart("0123456789") is ['.' or ')', ' ', ..]);
    }

    private static int LineLength(ReadOnlySpan<char> text) => text.IndexOf('\n') is >= 0 and var feed ? feed : text.Length;

    private static int NextLine(string text, int from, int end)
    {
        var feed = text.AsSpan(from, end - from).IndexOf('\n');
        return feed < 0 ? end : from + feed + 1;
    }
}
