namespace AgentRag.Documents;

/// <summary>Limits for reading files.</summary>
public sealed record DocumentReaderOptions
{
    /// <summary>
    /// Largest .md, .txt or .html file, and largest row of a .jsonl file, in bytes. Default 64 MiB: such a file is held in memory, a data set is not.
    /// </summary>
    public long MaxFileBytes { get; init; } = 64L << 20;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range.</exception>
    public DocumentReaderOptions Validated() => MaxFileBytes is >= 1 and <= 1L << 29
        ? this
        : throw new AgentRagException($"Document reader: MaxFileBytes is {MaxFileBytes}, must be in [1, {1L << 29}].");
}
