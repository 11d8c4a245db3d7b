namespace AgentRag.Documents;

/// <summary>The readers of a run, found by a file's extension.</summary>
public sealed class DocumentReaders
{
    private readonly Dictionary<string, IDocumentReader> _byExtension = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Makes the set of readers for text, Markdown, HTML, .pdf, .docx, .epub, .csv, .tsv, .jsonl, .eml and source code.
    /// </summary>
    /// <param name="options">Limits; null for the defaults.</param>
    /// <param name="time">Measures <see cref="DocumentReaderOptions.MaxReadTime"/>; null for the system's clock.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public DocumentReaders(DocumentReaderOptions? options = null, TimeProvider? time = null)
        : this(Defaults((options ?? new()).Validated(), time ?? TimeProvider.System))
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

    /// <summary>The extensions that are read, in ordinal order.</summary>
    public IReadOnlyList<string> Extensions => [.. _byExtension.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Finds the reader for a file.</summary>
    /// <param name="path">The file's path.</param>
    /// <returns>The reader, or null when no reader knows the extension.</returns>
    public IDocumentReader? For(string path) => _byExtension.GetValueOrDefault(Path.GetExtension(path));

    private static IEnumerable<IDocumentReader> Defaults(DocumentReaderOptions options, TimeProvider time)
    {
        IDocumentReader[] wholeFiles =
        [
            new CodeReader(options), new MarkdownReader(options), new PlainTextReader(options), new HtmlReader(options), new PdfReader(options),
            new DocxReader(options), new EpubReader(options), new CsvReader(options), new MailReader(options),
        ];
        return [.. wholeFiles.Select(reader => new TimedReader(reader, options.MaxReadTime, time)), new JsonLinesReader(options)];
    }
}
