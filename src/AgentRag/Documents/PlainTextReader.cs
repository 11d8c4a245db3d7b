using System.Runtime.CompilerServices;

namespace AgentRag.Documents;

/// <summary>Reads .txt files: the whole text is one document, titled by the file's name.</summary>
/// <param name="options">Limits.</param>
public sealed class PlainTextReader(DocumentReaderOptions options) : IDocumentReader
{
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".txt"];

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (await FileText.LoadAsync(file, _options, skipped, cancellationToken).ConfigureAwait(false) is { } text)
        {
            yield return new Document { Id = file.Id, Title = Titles.FromFileName(file), Source = file.Source, Text = text };
        }
    }
}
