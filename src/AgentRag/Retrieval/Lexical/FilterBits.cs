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
        var documents = Documents(segment, filter);
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

    private static bool[] Documents(Segment segment, PassageFilter filter)
    {
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

        foreach (var (name, values) in filter.Metadata ?? new Dictionary<string, IReadOnlyCollection<string>>())
        {
            var pairs = segment.Metadata.Find(name, values);
            for (var document = 0; document < documents.Length; document++)
            {
                documents[document] &= pairs.Count > 0 && HasAny(segment.Metadata.PairsOf(document), pairs);
            }
        }

        if (filter.SourcePrefixes is not null)
        {
            var prefixes = filter.SourcePrefixes.Select(Encoding.UTF8.GetBytes).ToArray();
            for (var document = 0; document < documents.Length; document++)
            {
                documents[document] = documents[document] && HasAnyPrefix(segment.DocumentBytes(document, 2), prefixes);
            }
        }

        return documents;
    }

    private static bool HasAny(ReadOnlySpan<int> pairs, HashSet<int> wanted)
    {
        foreach (var pair in pairs)
        {
            if (wanted.Contains(pair))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasAnyPrefix(ReadOnlySpan<byte> source, byte[][] prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (PassageFilter.HasPrefix(source, prefix))
            {
                return true;
            }
        }

        return false;
    }
}
