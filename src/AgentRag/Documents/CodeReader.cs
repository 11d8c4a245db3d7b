using System.Runtime.CompilerServices;

namespace AgentRag.Documents;

/// <summary>Reads source code and configuration: the whole text is one document, its functions and types are recorded as headings.</summary>
/// <param name="options">Limits.</param>
/// <remarks>Blocks are found by one pattern per language, line by line. A block that no pattern knows stays part of the one before it.</remarks>
public sealed class CodeReader(DocumentReaderOptions options) : IDocumentReader
{
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => CodeLanguage.Extensions;

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (await FileText.LoadAsync(file, _options, skipped, cancellationToken).ConfigureAwait(false) is { } text)
        {
            yield return new Document
            {
                Id = file.Id,
                Title = Titles.OneLine(Path.GetFileName(file.RelativePath)),
                Source = file.Source,
                Text = text,
                Headings = CodeBlocks.Find(text, CodeLanguage.For(file.FullPath)),
                IsMadeOfLines = true,
            };
        }
    }
}
