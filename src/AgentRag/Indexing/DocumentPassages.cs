using AgentRag.Documents;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>Reads an index document by document: what stands before and behind a passage, and whole documents.</summary>
public static class DocumentPassages
{
    /// <summary>Reads a passage with its neighbours in the same document.</summary>
    /// <param name="index">The index.</param>
    /// <param name="passageId">The passage's id.</param>
    /// <param name="before">How many passages before it, ≥ 0.</param>
    /// <param name="after">How many passages behind it, ≥ 0.</param>
    /// <returns>The passages in the order of the document; empty when the index does not hold the id.</returns>
    public static IReadOnlyList<Passage> Around(this Bm25Index index, string passageId, int before, int after)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(passageId);
        ArgumentOutOfRangeException.ThrowIfNegative(before);
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        var hash = IdHashes.Of(passageId);
        for (var segment = 0; segment < index.Segments.Length; segment++)
        {
            var live = index.Segments[segment];
            foreach (var candidate in live.Segment.PassagesByHash(hash))
            {
                var passage = (int)candidate;
                if (!live.IsDeleted(passage) && live.Segment.Stored(passage).Id == passageId)
                {
                    return Around(index, segment, passage, before, after);
                }
            }
        }

        return [];
    }

    /// <summary>Reads the passages of a document.</summary>
    /// <param name="index">The index.</param>
    /// <param name="documentId">The document's id.</param>
    /// <returns>The passages in the order of the document; empty when the index does not hold the id.</returns>
    public static IReadOnlyList<Passage> PassagesOf(this Bm25Index index, string documentId)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(documentId);
        var hash = IdHashes.Of(documentId);
        for (var segment = 0; segment < index.Segments.Length; segment++)
        {
            var live = index.Segments[segment];
            foreach (var candidate in live.Segment.DocumentsByHash(hash))
            {
                var document = (int)candidate;
                if (!live.IsDocumentDeleted(document) && live.Segment.DocumentId(document) == documentId)
                {
                    return Of(index, segment, document);
                }
            }
        }

        return [];
    }

    private static List<Passage> Around(Bm25Index index, int segment, int passage, int before, int after)
    {
        // The passages of a document lie side by side, and a document is deleted with all of them.
        var column = index.Segments[segment].Segment.PassageDocuments;
        var (first, last) = (passage, passage);
        while (before-- > 0 && first > 0 && column[first - 1] == column[passage])
        {
            first--;
        }

        while (after-- > 0 && last < column.Length - 1 && column[last + 1] == column[passage])
        {
            last++;
        }

        List<Passage> passages = new(last - first + 1);
        for (var i = first; i <= last; i++)
        {
            passages.Add(index.PassageAt(segment, i));
        }

        return passages;
    }

    private static List<Passage> Of(Bm25Index index, int segment, int document)
    {
        // A scan: an index made in memory need not hold its documents in one piece.
        var column = index.Segments[segment].Segment.PassageDocuments;
        List<Passage> passages = [];
        for (var passage = 0; passage < column.Length; passage++)
        {
            if (column[passage] == document)
            {
                passages.Add(index.PassageAt(segment, passage));
            }
        }

        return passages;
    }
}
