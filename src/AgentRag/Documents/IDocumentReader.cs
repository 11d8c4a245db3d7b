namespace AgentRag.Documents;

/// <summary>Reads the documents of one kind of file.</summary>
/// <remarks>Implementations are stateless and safe for concurrent use.</remarks>
public interface IDocumentReader
{
    /// <summary>The file name extensions it reads, in lower case with the dot.</summary>
    IReadOnlyCollection<string> Extensions { get; }

    /// <summary>Whether a file holds many documents that bring their own ids; else it is one document with the file's id.</summary>
    bool RowsBringIds => false;

    /// <summary>Reads a file, one document after the other.</summary>
    /// <param name="file">The file.</param>
    /// <param name="skipped">Told about each part that could not be read; the rest goes on.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The documents in file order; none when the file cannot be read as this kind.</returns>
    /// <exception cref="IOException">The file cannot be read at all.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    IAsyncEnumerable<Document> ReadAsync(DocumentFile file, Action<SkippedFile> skipped, CancellationToken cancellationToken = default);
}
