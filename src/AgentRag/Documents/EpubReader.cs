using System.Runtime.CompilerServices;
using System.Text;
using System.Xml;

namespace AgentRag.Documents;

/// <summary>Reads .epub books: the chapters in reading order are one document, their headings are recorded.</summary>
/// <param name="options">Limits.</param>
/// <remarks>Chapters are read as HTML pages are. A chapter that is missing or damaged is reported and the rest of the book is read.</remarks>
public sealed class EpubReader(DocumentReaderOptions options) : IDocumentReader
{
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".epub"];

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        using var package = PackedFile.Open(file, _options, skipped);
        if (package is not null && await ReadBookAsync(file, package, skipped, cancellationToken).ConfigureAwait(false) is { } book)
        {
            yield return book;
        }
    }

    private async Task<Document?> ReadBookAsync(DocumentFile file, PackedFile package, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        EpubContents? contents;
        try
        {
            contents = await EpubContents.ReadAsync(package, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is InvalidDataException or XmlException)
        {
            skipped(new(file.FullPath, $"is damaged: {exception.Message}"));
            return null;
        }

        if (contents is null)
        {
            skipped(new(file.FullPath, "is not an EPUB book: it has no list of contents"));
            return null;
        }

        var text = new StringBuilder();
        List<Heading> headings = [];
        foreach (var chapter in contents.Chapters)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await ReadChapterAsync(file, package, chapter, skipped, cancellationToken).ConfigureAwait(false) is { Text.Length: > 0 } page)
            {
                text.Append(text.Length > 0 ? "\n\n" : "");
                headings.AddRange(page.Headings.Select(heading => heading with { Start = heading.Start + text.Length, End = heading.End + text.Length }));
                text.Append(page.Text);
            }
        }

        return new Document
        {
            Id = file.Id,
            Title = contents.Title.Length > 0 ? contents.Title : headings.Count > 0 ? headings[0].Title : Titles.FromFileName(file),
            Source = file.Source,
            Text = text.ToString(),
            Headings = headings,
        };
    }

    private async Task<HtmlPage?> ReadChapterAsync(
        DocumentFile file, PackedFile package, string chapter, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        string problem;
        try
        {
            if (await package.LoadAsync(chapter, cancellationToken).ConfigureAwait(false) is { } content)
            {
                if (HtmlPage.Decode(content) is { } xhtml)
                {
                    return HtmlPage.ParseXhtml(xhtml, _options.MaxHtmlNesting, cancellationToken);
                }

                problem = "is not text; it may be encrypted";
            }
            else
            {
                problem = "is missing";
            }
        }
        catch (InvalidDataException exception)
        {
            problem = $"is damaged: {exception.Message}";
        }

        skipped(new(file.FullPath, $"its chapter '{Titles.OneLine(chapter)}' {problem}"));
        return null;
    }
}
