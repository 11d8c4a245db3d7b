using System.Text;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>Turns a filter into one bit per passage.</summary>
internal static class FilterBits
{
    public static ulong[]?[] Make(Bm25Snapshot snapshot, PassageFilter filter) =>
        [.. snapshot.Index.Segments.Select(segment => Make(segment, filter))];

    public static ulong[] Make(LiveSegment live, PassageFilter filter)
    {
        var segment = live.Segment;
        var documents = new bool[segment.DocumentCount];
        if (filter.DocumentIds is null)
        {
            Array.Fill(documents, true);
        }
        else
        {
            foreach (var id in filter.DocumentIds)
            {
                foreach (var document in segment.DocumentsByHash(IdHashes.Of(id)))
                {
                    documents[document] |= segment.DocumentId((int)document) == id;
                }
            }
        }

        if (filter.SourcePrefix is not null)
        {
            var prefix = Encoding.UTF8.GetBytes(filter.SourcePrefix);
            for (var document = 0; document < documents.Length; document++)
            {
                documents[document] &= PassageFilter.HasPrefix(segment.DocumentBytes(document, 2), prefix);
            }
        }

        var bits = new ulong[(segment.PassageCount + 63) / 64];
        var column = segment.PassageDocuments;
        for (var passage = 0; passage < column.Length; passage++)
        {
            if (documents[column[passage]] && !live.IsDeleted(passage))
            {
                bits[passage >> 6] |= 1UL << passage;
            }
        }

        return bits;
    }
}
