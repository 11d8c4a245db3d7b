using System.Runtime.CompilerServices;
using System.Xml;

namespace AgentRag.Documents;

/// <summary>Reads .docx files: headings, paragraphs, list items and table rows are one document; footnotes stand at its end.</summary>
/// <param name="options">Limits.</param>
/// <remarks>
/// The parts are read as a stream of XML. Object models of the format build a tree by recursion, and a hostile file nests deeper than the stack is:
/// that ends the process, which no reader may do. Deleted text, field codes, headers and footers are left out.
/// </remarks>
public sealed class DocxReader(DocumentReaderOptions options) : IDocumentReader
{
    private const string MainPart = "word/document.xml";
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".docx"];

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (await ReadDocumentAsync(file, skipped, cancellationToken).ConfigureAwait(false) is { } document)
        {
            yield return document;
        }
    }

    private async Task<Document?> ReadDocumentAsync(DocumentFile file, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        using var package = PackedFile.Open(file, _options, skipped);
        if (package is null)
        {
            return null;
        }

        try
        {
            return await ReadAsync(file, package, skipped, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is InvalidDataException or XmlException)
        {
            skipped(new(file.FullPath, $"is damaged: {exception.Message}"));
            return null;
        }
    }

    private async Task<Document?> ReadAsync(DocumentFile file, PackedFile package, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        using var relations = await package.OpenXmlAsync("_rels/.rels", cancellationToken).ConfigureAwait(false);
        var main = (relations is null ? null : MainPartOf(relations)) ?? MainPart;
        using var body = await package.OpenXmlAsync(main, cancellationToken).ConfigureAwait(false);
        if (body is null)
        {
            skipped(new(file.FullPath, "is not a Word document: it has no main part"));
            return null;
        }

        var folder = main[..(main.LastIndexOf('/') + 1)];
        using var styleSheet = await package.OpenXmlAsync(folder + "styles.xml", cancellationToken).ConfigureAwait(false);
        using var notes = await package.OpenXmlAsync(folder + "footnotes.xml", cancellationToken).ConfigureAwait(false);
        var text = new DocxText(styleSheet is null ? new() : DocxStyles.Read(styleSheet), _options.MaxNesting);
        text.Add(body, cancellationToken);
        if (notes is not null)
        {
            text.Add(notes, cancellationToken);
        }

        using var properties = await package.OpenXmlAsync("docProps/core.xml", cancellationToken).ConfigureAwait(false);
        var title = text.Title ?? (properties is not null && properties.ReadToFollowing("title", "http://purl.org/dc/elements/1.1/")
            ? Titles.OneLine(properties.ReadElementContentAsString())
            : "");
        return new Document
        {
            Id = file.Id,
            Title = title.Length > 0 ? title : text.Headings.Count > 0 ? text.Headings[0].Title : Titles.FromFileName(file),
            Source = file.Source,
            Text = text.ToString(),
            Headings = text.Headings,
        };
    }

    private static string? MainPartOf(XmlReader relations)
    {
        while (relations.ReadToFollowing("Relationship"))
        {
            if (relations.GetAttribute("Type")?.EndsWith("/officeDocument", StringComparison.Ordinal) is true)
            {
                return relations.GetAttribute("Target")?.TrimStart('/');
            }
        }

        return null;
    }
}
