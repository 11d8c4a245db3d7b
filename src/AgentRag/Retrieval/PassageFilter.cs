namespace AgentRag.Retrieval;

/// <summary>Which passages a query may return. What is set must hold; nothing set lets all pass.</summary>
/// <remarks>Scores are those of the whole index: a filter leaves passages out and changes nothing else.</remarks>
public sealed record PassageFilter
{
    /// <summary>
    /// A path, compared with passages' sources by whole components: <c>docs/a</c> lets <c>docs/a</c>, <c>docs/a:3</c> and <c>docs/a/b.md</c> pass, but not
    /// <c>docs/ab.md</c>. Null for any source.
    /// </summary>
    public string? SourcePrefix { get; init; }

    /// <summary>Ids of documents; others do not pass. Null for any document.</summary>
    public IReadOnlyCollection<string>? DocumentIds { get; init; }

    /// <summary>Whether a source has a path in front.</summary>
    internal static bool HasPrefix(ReadOnlySpan<byte> source, ReadOnlySpan<byte> prefix) =>
        source.StartsWith(prefix)
        && (source.Length == prefix.Length || prefix.IsEmpty || prefix[^1] is (byte)'/' or (byte)'\\' || source[prefix.Length] is (byte)'/' or (byte)'\\' or (byte)':');
}
