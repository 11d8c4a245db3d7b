namespace AgentRag.Documents;

/// <summary>Reads the text of a PDF without other programs.</summary>
/// <remarks>
/// Text that runs in lines, in fonts that say what their codes mean: that is what most programs write. Encrypted files, LZW and right-to-left scripts
/// are left to pdftotext. Own work, since the libraries that could be used either have no text or a licence that would bind every user.
/// </remarks>
internal static class PdfFallback
{
    private const string Advice = "install poppler's pdftotext to read it";
    private const int MaxReportedPages = 10;

    /// <summary>Reads the text of the pages.</summary>
    /// <returns>One text per page, one page more than the limit where there are more; null when the file was skipped.</returns>
    public static async Task<IReadOnlyList<string>?> ReadAsync(
        DocumentFile file, DocumentReaderOptions options, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        var content = await File.ReadAllBytesAsync(file.FullPath, cancellationToken).ConfigureAwait(false);
        try
        {
            var pdf = PdfFile.Parse(content, options, cancellationToken);
            if (!pdf.IsEncrypted)
            {
                return Read(file, pdf, options, skipped, cancellationToken);
            }

            skipped(new(file.FullPath, $"is encrypted: {Advice}"));
        }
        catch (InvalidDataException exception)
        {
            skipped(new(file.FullPath, exception.Message));
        }

        return null;
    }

    private static List<string>? Read(
        DocumentFile file, PdfFile pdf, DocumentReaderOptions options, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        var walker = new PdfTextWalker(pdf, options, cancellationToken);
        List<string> pages = [];
        List<int> damaged = [];
        foreach (var page in pdf.Pages().Take(options.MaxPages + 1))
        {
            var before = walker.Undecoded;
            var isWhole = Content(pdf, page) is var (content, known) && known;
            walker.Walk(content, Resources(pdf, page, options));
            pages.Add(walker.TakeText());
            if (!isWhole || walker.Undecoded > before)
            {
                damaged.Add(pages.Count);
            }
        }

        if (pages.Count == 0)
        {
            skipped(new(file.FullPath, $"is damaged: no pages were found in it; {Advice}"));
            return null;
        }

        if (damaged.Count > 0)
        {
            var places = string.Join(", ", damaged.Take(MaxReportedPages)) + (damaged.Count > MaxReportedPages ? ", …" : "");
            skipped(new(file.FullPath, $"parts of its text on page {places}: {walker.Undecoded:N0} characters could not be decoded; {Advice}"));
        }

        return damaged.Count > 0 && pages.All(string.IsNullOrWhiteSpace) ? null : pages;
    }

    /// <summary>The content of a page: its streams are one, since a font set in one of them holds in the next.</summary>
    private static (byte[] Content, bool IsWhole) Content(PdfFile pdf, PdfDictionary page)
    {
        using var content = new MemoryStream();
        var isWhole = true;
        var parts = pdf.Resolve(page.Entries.GetValueOrDefault("Contents"));
        foreach (var part in parts as List<object?> ?? [parts])
        {
            if (pdf.Resolve(part) is PdfDictionary stream)
            {
                var bytes = pdf.Content(stream);
                isWhole &= bytes is not null;
                content.Write(bytes ?? []);
                content.WriteByte((byte)'\n');
            }
        }

        return (content.ToArray(), isWhole);
    }

    /// <summary>The resources of a page, which it may inherit.</summary>
    private static PdfDictionary? Resources(PdfFile pdf, PdfDictionary page, DocumentReaderOptions options)
    {
        var node = page;
        for (var depth = 0; node is not null && depth < options.MaxNesting; depth++)
        {
            if (pdf.Dictionary(node, "Resources") is { } resources)
            {
                return resources;
            }

            node = pdf.Dictionary(node, "Parent");
        }

        return null;
    }
}
