using System.Text;
using AgentRag.Documents;
using AgentRag.Indexing;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>BM25 as a dot product of sparse vectors, the server supplying the idf.</summary>
/// <remarks>
/// A passage's weight of a term is tf / (tf + norm), a query's is how often the term stands in it; the server multiplies the query's weights by the same
/// idf as <see cref="Bm25.Idf"/> (Qdrant's documentation of the modifier; n and df count the points of one shard). So the score is that of
/// <see cref="Bm25Retriever"/>, in single precision. A term's number is a 32-bit hash: of V terms about V² / 2³³ pairs share one, 5 pairs of 200,000
/// terms, and count as one term. Safe for concurrent use.
/// </remarks>
internal sealed class SparseBm25(QdrantSettings settings)
{
    private readonly Analyzer _analyzer = new(settings.Analyzer);

    /// <summary>The weights of a passage's terms, over title, headings and text as in the local index; empty when it has no terms.</summary>
    public SortedDictionary<uint, float> Passage(Passage passage)
    {
        SortedDictionary<uint, int> frequencies = [];
        var length = 0;
        foreach (var text in (IEnumerable<string>)[passage.Title, .. passage.HeadingPath, passage.Text])
        {
            foreach (var term in _analyzer.Terms(text))
            {
                var id = TermId(term);
                frequencies[id] = frequencies.GetValueOrDefault(id) + 1;
                length++;
            }
        }

        var norm = Bm25.Norm(length / settings.MeanPassageTerms, settings.Bm25.K1, settings.Bm25.B);
        SortedDictionary<uint, float> weights = [];
        foreach (var (id, frequency) in frequencies)
        {
            weights[id] = (float)(frequency / (frequency + norm));
        }

        return weights;
    }

    /// <summary>The terms of a query; empty when it has none.</summary>
    public IReadOnlyList<QueryTerm> Query(string text) =>
    [
        .. _analyzer.Terms(text)
            .GroupBy(TermId)
            .OrderBy(group => group.Key)
            .Select(group => new QueryTerm(group.Key, string.Join('|', group.Distinct(StringComparer.Ordinal)), group.Count())),
    ];

    /// <summary>A term's number: FNV-1a over its UTF-8 bytes, 32 bits. Part of the stored form: it never changes.</summary>
    public static uint TermId(string term)
    {
        var hash = 2166136261u;
        foreach (var one in Encoding.UTF8.GetBytes(term))
        {
            hash = unchecked((hash ^ one) * 16777619u);
        }

        return hash;
    }

    /// <summary>One dimension of a query.</summary>
    /// <param name="Id">The term's number.</param>
    /// <param name="Text">The term; several, with bars between, when they share the number.</param>
    /// <param name="Count">How often it stands in the query, ≥ 1.</param>
    public sealed record QueryTerm(uint Id, string Text, int Count);
}
