namespace AgentRag.Documents;

/// <summary>One source text, as read from a file or from one row of a data set.</summary>
public sealed record Document
{
    /// <summary>Unique id within an index: a file's path below its root without extension, or a row's own id.</summary>
    public required string Id { get; init; }

    /// <summary>The title: front matter, first heading, HTML title, row title, or the file's name.</summary>
    public required string Title { get; init; }

    /// <summary>Where the text came from: the file's path, for a row with <c>:line</c> behind it.</summary>
    public required string Source { get; init; }

    /// <summary>The text that passages are cut from; character ranges of passages refer to it.</summary>
    public required string Text { get; init; }

    /// <summary>The headings in the text, in order of their position; length ≥ 0.</summary>
    public IReadOnlyList<Heading> Headings { get; init; } = [];

    /// <summary>Whether the text is made of lines that mean something each, as in code and tables: then it is cut between them, not at sentences.</summary>
    public bool IsMadeOfLines { get; init; }

    /// <summary>
    /// What the document says about itself: front matter, columns of a row, headers of a mail, meta elements of a page. Names in lower case, each with one or
    /// more values; length ≥ 0. What is no label is left out when the document is indexed: names over 64 characters, values over 256.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Metadata { get; init; } = MetadataBuilder.None;
}

/// <summary>A heading inside a document.</summary>
/// <param name="Level">1 for the highest, at most 6.</param>
/// <param name="Title">The heading's text without markup.</param>
/// <param name="Start">Offset in <see cref="Document.Text"/> of the heading's first character.</param>
/// <param name="End">Offset behind the heading's last character; the section's body starts here.</param>
public sealed record Heading(int Level, string Title, int Start, int End);
