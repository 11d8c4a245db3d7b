using System.Globalization;
using AgentRag.Indexing;
using AgentRag.Retrieval.Lexical;

namespace AgentRag.Retrieval;

/// <summary>Ranks passages by exact BM25 over title, headings and text.</summary>
/// <remarks>A term that stands twice in the query counts twice, as in Lucene. Equal scores keep the order of the index. Safe for concurrent use.</remarks>
public sealed class Bm25Retriever : IRetriever
{
    private readonly Bm25Snapshot _snapshot;

    // The filter of the query before, with its bits: a session asks with the same filter again and again.
    private volatile Tuple<PassageFilter, ulong[]?[]>? _latestFilter;

    /// <summary>Makes a retriever.</summary>
    /// <param name="index">What to search.</param>
    /// <param name="options">Parameters; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public Bm25Retriever(Bm25Index index, Bm25Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(index);
        _snapshot = new(index, (options ?? new()).Validated());
    }

    /// <inheritdoc/>
    public string Name => "bm25";

    /// <summary>What is searched.</summary>
    internal Bm25Snapshot Snapshot => _snapshot;

    /// <summary>The vectors to use; tests choose narrower ones than the processor has.</summary>
    internal SimdLevel Simd { get; init; } = SimdLevels.Best;

    /// <inheritdoc/>
    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IReadOnlyList<RankedPassage>>(Retrieve(query));
    }

    /// <summary>Ranks without reading the passages. The result is the search's own and holds until the thread's next one.</summary>
    internal Bm25Search Rank(ReadOnlySpan<char> query, int k, PassageFilter? filter, out int count)
    {
        var search = Bm25Search.OfThread(Simd);
        count = search.Rank(_snapshot, query, k, filter is null ? _snapshot.Live : Bits(filter));
        return search;
    }

    /// <summary>Per segment, one bit for each passage that a filter lets pass.</summary>
    internal ulong[]?[] Bits(PassageFilter filter)
    {
        if (_latestFilter is { } latest && ReferenceEquals(latest.Item1, filter))
        {
            return latest.Item2;
        }

        var bits = FilterBits.Make(_snapshot, filter);
        _latestFilter = Tuple.Create(filter, bits);
        return bits;
    }

    private RankedPassage[] Retrieve(RetrievalQuery query)
    {
        var search = Rank(query.Text, query.K, query.Filter, out var count);
        var passages = new RankedPassage[count];
        for (var rank = 0; rank < count; rank++)
        {
            var (passage, score) = (search.PassageAt(rank), search.ScoreAt(rank));
            var segment = _snapshot.SegmentOf(passage);
            var local = passage - _snapshot.FirstPassages[segment];
            passages[rank] = new(
                _snapshot.Index.PassageAt(segment, local), rank + 1, score, query.Explain ? Explain(search.Terms, segment, local, score) : null);
        }

        return passages;
    }

    private ScoreExplanation Explain(QueryTerms terms, int number, int passage, double score)
    {
        var segment = _snapshot.Index.Segments[number].Segment;
        List<ScoreExplanation> parts = [];
        var ratio = segment.PassageLengths[passage] / _snapshot.Index.MeanPassageTerms;
        var norm = _snapshot.Norm.Of(segment.PassageLengths[passage]);
        for (var i = 0; i < terms.Count; i++)
        {
            var (term, found) = (terms[i], terms.NumberIn(number, i));
            var frequency = found < 0 ? 0 : segment.Postings(found).FrequencyIn(passage);
            if (frequency == 0)
            {
                continue;
            }

            var repeated = term.Count > 1 ? Invariant($", {term.Count} times in the query") : "";
            parts.Add(new(
                term.Weight * frequency / (frequency + norm),
                Invariant($"'{terms.TextOf(i)}': tf {frequency}, df {term.Passages}, idf {term.Idf:F4}, length ratio {ratio:F4}{repeated}"),
                []));
        }

        return new(score, Invariant($"BM25 with k1 {_snapshot.Options.K1}, b {_snapshot.Options.B} over {_snapshot.Index.PassageCount} passages"), parts);

        static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
