namespace AgentRag.Indexing.Segments;

/// <summary>A segment as one snapshot of an index sees it.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Deletions">What of it is deleted; null for nothing.</param>
internal sealed record LiveSegment(Segment Segment, SegmentDeletions? Deletions)
{
    public int PassageCount => Segment.PassageCount - (Deletions?.PassageCount ?? 0);

    public int DocumentCount => Segment.DocumentCount - (Deletions?.DocumentCount ?? 0);

    public long TotalLength => Segment.TotalLength - (Deletions?.TotalLength ?? 0);

    public long TotalTokens => Segment.TotalTokens - (Deletions?.TotalTokens ?? 0);

    /// <summary>Passages with a term, without deleted ones.</summary>
    public int PassagesWith(int term) => Segment.PassagesWith(term) - (Deletions?.PassagesWith(term) ?? 0);

    public bool IsDeleted(int passage) => Deletions is not null && SegmentDeletions.IsMarked(Deletions.Passages, passage);

    public bool IsDocumentDeleted(int document) => Deletions is not null && SegmentDeletions.IsMarked(Deletions.Documents, document);
}
