namespace AgentRag.Decoding.Speculation;

/// <summary>Cuts a text into parts of some tokens at the best places there are.</summary>
internal static class TextChunks
{
    // From the best place to the worst; a text without any of them is cut between characters.
    private static readonly string[] Separators = ["\n\n", "\n", ". ", "! ", "? ", "; ", ", ", "。", "！", "？", "；", "，", " "];

    /// <summary>Cuts a text; the parts together are the text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mostTokens">Tokens of a part at most, by <paramref name="count"/>, ≥ 1; a single character may have more.</param>
    /// <param name="count">Counts tokens.</param>
    public static List<string> Of(string text, int mostTokens, Func<string, int> count)
    {
        List<string> chunks = [];
        Cut(text, 0);
        return chunks;

        void Cut(string part, int separator)
        {
            if (part.Length == 0)
            {
                return;
            }

            if (part.Length == 1 || count(part) <= mostTokens)
            {
                chunks.Add(part);
                return;
            }

            var pieces = separator < Separators.Length ? Split(part, Separators[separator]) : Halves(part);
            if (pieces.Count == 1)
            {
                Cut(part, separator + 1);
                return;
            }

            // Neighbours go together as long as they fit; what does not fit alone is cut at lesser places.
            var (held, tokens) = ("", 0);
            foreach (var piece in pieces)
            {
                var more = count(piece);
                if (held.Length > 0 && tokens + more > mostTokens)
                {
                    chunks.Add(held);
                    (held, tokens) = ("", 0);
                }

                if (more > mostTokens)
                {
                    Cut(piece, separator + 1);
                }
                else
                {
                    (held, tokens) = (held + piece, tokens + more);
                }
            }

            if (held.Length > 0)
            {
                chunks.Add(held);
            }
        }
    }

    private static List<string> Split(string text, string separator)
    {
        List<string> pieces = [];
        for (var start = 0; start < text.Length;)
        {
            var at = text.IndexOf(separator, start, StringComparison.Ordinal);
            var end = at < 0 ? text.Length : at + separator.Length;
            pieces.Add(text[start..end]);
            start = end;
        }

        return pieces;
    }

    private static List<string> Halves(string text)
    {
        var middle = text.Length / 2;
        middle += char.IsLowSurrogate(text[middle]) && text.Length > 2 ? 1 : 0;
        return middle == text.Length ? [text] : [text[..middle], text[middle..]];
    }
}
