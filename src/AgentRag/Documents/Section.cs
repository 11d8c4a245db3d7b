namespace AgentRag.Documents;

/// <summary>The text between two headings.</summary>
/// <param name="Body">Its characters; never blank.</param>
/// <param name="HeadingPath">The headings above, outermost first, without the document's title.</param>
internal sealed record Section(TextRange Body, IReadOnlyList<string> HeadingPath)
{
    /// <summary>Cuts a document at its headings.</summary>
    /// <remarks>A heading stands in the path, not in the body. A heading with nothing below it is a section of its own, so that no words are lost.</remarks>
    public static IEnumerable<Section> Of(Document document)
    {
        var (text, headings) = (document.Text, document.Headings);
        var preamble = new TextRange(0, headings.Count > 0 ? headings[0].Start : text.Length).Trim(text);
        if (preamble.Start < preamble.End)
        {
            yield return new(preamble, []);
        }

        List<Heading> path = [];
        for (var h = 0; h < headings.Count; h++)
        {
            var (heading, next) = (headings[h], h + 1 < headings.Count ? headings[h + 1] : null);
            path.RemoveAll(above => above.Level >= heading.Level);
            var body = new TextRange(heading.End, next?.Start ?? text.Length).Trim(text);
            if (body.Start < body.End)
            {
                yield return new(body, Titles([.. path, heading], document.Title));
            }
            else if (next is null || next.Level <= heading.Level)
            {
                yield return new(new TextRange(heading.Start, heading.End).Trim(text), Titles(path, document.Title));
            }

            path.Add(heading);
        }
    }

    private static string[] Titles(List<Heading> path, string documentTitle) =>
        [.. path.Select(heading => heading.Title).Where(title => title != documentTitle)];
}
