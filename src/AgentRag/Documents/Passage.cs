namespace AgentRag.Documents;

/// <summary>The unit that is indexed, ranked and put into a prompt: what the paper's k counts.</summary>
public sealed record Passage
{
    /// <summary>Unique and stable id: <c>documentId#hash</c>, where the hash is of the passage's own text.</summary>
    public required string Id { get; init; }

    /// <summary>The document it was cut from.</summary>
    public required string DocumentId { get; init; }

    /// <summary>The document's title.</summary>
    public required string Title { get; init; }

    /// <summary>The headings above the passage, outermost first, without the title; length ≥ 0.</summary>
    public IReadOnlyList<string> HeadingPath { get; init; } = [];

    /// <summary>Where the document came from: a path, for a row with <c>:line</c> behind it.</summary>
    public required string Source { get; init; }

    /// <summary>Offset of the first character in the document's text.</summary>
    public required int Start { get; init; }

    /// <summary>Offset behind the last character in the document's text.</summary>
    public required int End { get; init; }

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>SHA-256 of the text, hexadecimal.</summary>
    public required string ContentHash { get; init; }

    /// <summary>Model tokens of the text by the counter the index was built with.</summary>
    public required int TokenCount { get; init; }

    /// <summary>The document's metadata, as in <see cref="Document.Metadata"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Metadata { get; init; } = MetadataBuilder.None;
}
