namespace AgentRag.Retrieval;

/// <summary>Which passages a query may return. What is set must hold; nothing set lets all pass.</summary>
/// <remarks>
/// Words and vectors are weighed as in the whole index, so such a ranking is the unfiltered one without the passages that do not pass. Links that lead from or
/// through a passage that does not pass are not followed: nothing of it shows in a result or its explanation.
/// </remarks>
public sealed record PassageFilter
{
    /// <summary>
    /// Paths, compared with passages' sources by whole components: <c>docs/a</c> lets <c>docs/a</c>, <c>docs/a:3</c> and <c>docs/a/b.md</c> pass, but not
    /// <c>docs/ab.md</c>. One of them must be in front of the source; null for any source.
    /// </summary>
    public IReadOnlyCollection<string>? SourcePrefixes { get; init; }

    /// <summary>Ids of documents; others do not pass. Null for any document.</summary>
    public IReadOnlyCollection<string>? DocumentIds { get; init; }

    /// <summary>
    /// Fields of <see cref="AgentRag.Documents.Document.Metadata"/> with the values that pass: of each field named here, the document must have one of the values.
    /// Values are compared exactly, names without regard to case. Null for any metadata.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyCollection<string>>? Metadata { get; init; }

    /// <summary>Whether a source has a path in front.</summary>
    internal static bool HasPrefix(ReadOnlySpan<byte> source, ReadOnlySpan<byte> prefix) =>
        source.StartsWith(prefix)
        && (source.Length == prefix.Length || prefix.IsEmpty || prefix[^1] is (byte)'/' or (byte)'\\' || source[prefix.Length] is (byte)'/' or (byte)'\\' or (byte)':');
}
