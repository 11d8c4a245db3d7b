using System.Runtime.CompilerServices;

namespace AgentRag.Documents;

/// <summary>Reads HTML files: the text of the main content is one document, its headings are recorded.</summary>
/// <param name="options">Limits.</param>
/// <remarks>
/// The content is <c>main</c>, else a single <c>article</c>, else the body; scripts, styles, navigation and forms are left out. Pages that are not
/// UTF-8 are decoded by the charset that they name, else as Windows-1252.
/// </remarks>
public sealed class HtmlReader(DocumentReaderOptions options) : IDocumentReader
{
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".html", ".htm", ".xhtml"];

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (await FileText.LoadBytesAsync(file, _options, skipped, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            yield break;
        }

        if (HtmlPage.Decode(content) is not { } html)
        {
            skipped(new(file.FullPath, "is a binary file"));
            yield break;
        }

        if (Parse(file, html, skipped, cancellationToken) is not { } page)
        {
            yield break;
        }

        yield return new Document
        {
            Id = file.Id,
            Title = page.Title.Length > 0 ? page.Title : page.Headings.Count > 0 ? page.Headings[0].Title : Titles.FromFileName(file),
            Source = file.Source,
            Text = page.Text,
            Headings = page.Headings,
            Metadata = page.Metadata,
        };
    }

    private HtmlPage? Parse(DocumentFile file, string html, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        try
        {
            return Path.GetExtension(file.FullPath) is ".xhtml"
                ? HtmlPage.ParseXhtml(html, _options.MaxHtmlNesting, cancellationToken)
                : HtmlPage.Parse(html, _options.MaxHtmlNesting, cancellationToken);
        }
        catch (InvalidDataException exception)
        {
            skipped(new(file.FullPath, exception.Message));
            return null;
        }
    }
}
