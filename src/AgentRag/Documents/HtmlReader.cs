using System.Runtime.CompilerServices;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace AgentRag.Documents;

/// <summary>Reads HTML files: the text of the main content is one document, its headings are recorded.</summary>
/// <param name="options">Limits.</param>
/// <remarks>The content is <c>main</c>, else a single <c>article</c>, else the body; scripts, styles, navigation and forms are left out.</remarks>
public sealed class HtmlReader(DocumentReaderOptions options) : IDocumentReader
{
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".html", ".htm"];

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (await FileText.LoadAsync(file, _options, skipped, cancellationToken).ConfigureAwait(false) is { } text)
        {
            yield return Parse(file, text);
        }
    }

    private static Document Parse(DocumentFile file, string html)
    {
        using var page = new HtmlParser().ParseDocument(html);
        var articles = page.QuerySelectorAll("article");
        var content = page.QuerySelector("main") ?? (articles.Length == 1 ? articles[0] : page.Body);
        var (text, headings) = HtmlText.Extract((INode?)content ?? page);
        var title = Titles.OneLine(page.Title ?? "");
        return new Document
        {
            Id = file.Id,
            Title = title.Length > 0 ? title : headings.Count > 0 ? headings[0].Title : Titles.FromFileName(file),
            Source = file.Source,
            Text = text,
            Headings = headings,
        };
    }
}
