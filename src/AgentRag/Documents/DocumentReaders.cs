namespace AgentRag.Documents;

/// <summary>The readers of a run, found by a file's extension.</summary>
public sealed class DocumentReaders
{
    private readonly Dictionary<string, IDocumentReader> _byExtension = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes the set of readers for .md, .markdown, .txt, .html, .htm and .jsonl.</summary>
    /// <param name="options">Limits; null for the defaults.</param>
    public DocumentReaders(DocumentReaderOptions? options = null)
        : this(Defaults(options ?? new()))
    {
    }

    /// <summary>Makes a set of the given readers.</summary>
    /// <param name="readers">The readers; of two for one extension the later counts.</param>
    public DocumentReaders(IEnumerable<IDocumentReader> readers)
    {
        ArgumentNullException.ThrowIfNull(readers);
        foreach (var reader in readers)
        {
            foreach (var extension in reader.Extensions)
            {
                _byExtension[extension] = reader;
            }
        }
    }

    /// <summary>Finds the reader for a file.</summary>
    /// <param name="path">The file's path.</param>
    /// <returns>The reader, or null when no reader knows the extension.</returns>
    public IDocumentReader? For(string path) => _byExtension.GetValueOrDefault(Path.GetExtension(path));

    private static IDocumentReader[] Defaults(DocumentReaderOptions options) =>
        [new MarkdownReader(options), new PlainTextReader(options), new HtmlReader(options), new JsonLinesReader(options)];
}
