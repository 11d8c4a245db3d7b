using System.Runtime.CompilerServices;
using System.Text;
using Markdig;
using Markdig.Extensions.Yaml;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace AgentRag.Documents;

/// <summary>Reads Markdown files: the raw text without front matter is one document, its headings are recorded.</summary>
/// <param name="options">Limits.</param>
public sealed class MarkdownReader(DocumentReaderOptions options) : IDocumentReader
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UseYamlFrontMatter().Build();
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".md", ".markdown"];

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

    private static Document Parse(DocumentFile file, string text)
    {
        MarkdownDocument markdown;
        try
        {
            markdown = Markdown.Parse(text, Pipeline);
        }
        catch (ArgumentException)
        {
            // Markdig refuses markup nested deeper than any reader can follow; the words are still worth finding.
            return new Document { Id = file.Id, Title = Titles.FromFileName(file), Source = file.Source, Text = text };
        }

        var (bodyStart, front) = (0, default(FrontMatter));
        if (markdown.Count > 0 && markdown[0] is YamlFrontMatterBlock block)
        {
            bodyStart = Math.Min(text.Length, block.Span.End + 1);
            while (bodyStart < text.Length && text[bodyStart] is '\r' or '\n')
            {
                bodyStart++;
            }

            front = FrontMatter.Read(block.Lines.ToString());
        }

        List<Heading> headings = [];
        foreach (var heading in markdown.Descendants<HeadingBlock>())
        {
            var title = Titles.OneLine(PlainText(heading.Inline));
            if (title.Length > 0 && heading.Span.Start >= bodyStart)
            {
                headings.Add(new(heading.Level, title, heading.Span.Start - bodyStart, Math.Min(text.Length, heading.Span.End + 1) - bodyStart));
            }
        }

        return new Document
        {
            Id = file.Id,
            Title = front?.Title ?? (headings.Count > 0 ? headings[0].Title : Titles.FromFileName(file)),
            Source = file.Source,
            Text = text[bodyStart..],
            Headings = headings,
            Metadata = front?.Metadata ?? MetadataBuilder.None,
        };
    }

    private static string PlainText(ContainerInline? inlines)
    {
        var text = new StringBuilder();
        foreach (var inline in inlines?.Descendants() ?? [])
        {
            _ = inline switch
            {
                LiteralInline literal => text.Append(literal.Content.AsSpan()),
                CodeInline code => text.Append(code.Content),
                HtmlEntityInline entity => text.Append(entity.Transcoded.AsSpan()),
                LineBreakInline => text.Append(' '),
                _ => text,
            };
        }

        return text.ToString();
    }
}
