using System.Runtime.CompilerServices;
using System.Text;

namespace AgentRag.Documents;

/// <summary>Reads .pdf files: the pages are one document, each page with a heading of its number.</summary>
/// <remarks>
/// With poppler's <c>pdftotext</c> when it is on the search path, else with a reader of our own, which knows fewer fonts and says what it could not
/// decode. Pages that are pictures hold no text: such a file is reported, with the advice to run text recognition on it first.
/// </remarks>
public sealed class PdfReader : IDocumentReader
{
    private readonly DocumentReaderOptions _options;
    private readonly PdfToText? _pdfToText;

    /// <summary>Makes a reader that uses <c>pdftotext</c> when it is installed.</summary>
    /// <param name="options">Limits.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public PdfReader(DocumentReaderOptions options)
        : this(options, PdfToText.OnPath())
    {
    }

    /// <summary>Makes a reader.</summary>
    /// <param name="options">Limits.</param>
    /// <param name="pdfToText">The program; null to read without it.</param>
    internal PdfReader(DocumentReaderOptions options, PdfToText? pdfToText)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _pdfToText) = (options.Validated(), pdfToText);
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".pdf"];

    /// <summary>Path of the <c>pdftotext</c> that is used; null when files are read without it.</summary>
    public string? PdfToTextPath => _pdfToText?.Executable;

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (FileText.IsTooLarge(file, _options, skipped))
        {
            yield break;
        }

        var pages = _pdfToText is null
            ? await PdfFallback.ReadAsync(file, _options, skipped, cancellationToken).ConfigureAwait(false)
            : await RunAsync(_pdfToText, file, skipped, cancellationToken).ConfigureAwait(false);
        if (pages is null)
        {
            yield break;
        }

        if (pages.Count > _options.MaxPages)
        {
            skipped(new(file.FullPath, $"its pages behind page {_options.MaxPages:N0}: no more are read of one file"));
        }

        if (pages.All(string.IsNullOrWhiteSpace))
        {
            skipped(new(file.FullPath, "holds no text, only pictures: run text recognition on it first"));
            yield break;
        }

        yield return Join(file, pages.Take(_options.MaxPages));
    }

    private async Task<IReadOnlyList<string>?> RunAsync(PdfToText program, DocumentFile file, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        // One page more than is read: so it shows whether there are more.
        var (text, problem) = await program.ReadAsync(file.FullPath, _options.MaxPages + 1, _options.MaxUnpackedBytes, cancellationToken).ConfigureAwait(false);
        if (problem is not null)
        {
            skipped(new(file.FullPath, problem));
        }

        return text is null ? null : [.. (text.EndsWith('\f') ? text[..^1] : text).Split('\f')];
    }

    private static Document Join(DocumentFile file, IEnumerable<string> pages)
    {
        var text = new StringBuilder();
        List<Heading> headings = [];
        var number = 0;
        foreach (var page in pages)
        {
            number++;
            var content = PdfPageText.Clean(page);
            if (content.Length > 0)
            {
                text.Append(text.Length > 0 ? "\n\n" : "");
                headings.Add(new(1, $"Page {number}", text.Length, text.Length));
                text.Append(content);
            }
        }

        return new Document
        {
            Id = file.Id,
            Title = Titles.FromFileName(file),
            Source = file.Source,
            Text = text.ToString(),
            Headings = headings,
        };
    }
}
