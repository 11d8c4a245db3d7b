using System.Buffers;
using System.Globalization;
using AgentRag.Indexing;

namespace AgentRag.Retrieval;

/// <summary>Ranks passages by exact BM25 over title, headings and text.</summary>
/// <remarks>A term that stands twice in the query counts twice, as in Lucene. Equal scores keep the order of the index. Safe for concurrent use.</remarks>
public sealed class Bm25Retriever : IRetriever
{
    private readonly Bm25Index _index;
    private readonly Bm25Options _options;

    /// <summary>Makes a retriever.</summary>
    /// <param name="index">What to search.</param>
    /// <param name="options">Parameters; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public Bm25Retriever(Bm25Index index, Bm25Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(index);
        (_index, _options) = (index, (options ?? new()).Validated());
    }

    /// <inheritdoc/>
    public string Name => "bm25";

    /// <inheritdoc/>
    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        var terms = QueryTerms(query.Text);
        var ranked = Rank(terms, query.K);
        var passages = new RankedPassage[ranked.Length];
        for (var i = 0; i < ranked.Length; i++)
        {
            var (passage, score) = ranked[i];
            passages[i] = new(_index.PassageAt(passage), i + 1, score, query.Explain ? Explain(terms, passage, score) : null);
        }

        return Task.FromResult<IReadOnlyList<RankedPassage>>(passages);
    }

    private List<QueryTerm> QueryTerms(string query)
    {
        var segment = _index.Segment;
        List<QueryTerm> terms = [];
        foreach (var group in _index.Analyzer.Terms(query).GroupBy(term => term, StringComparer.Ordinal))
        {
            var (start, end) = segment.Postings(group.Key);
            if (end > start)
            {
                terms.Add(new(group.Key, group.Count(), start, end, Bm25.Idf(segment.PassageCount, end - start)));
            }
        }

        return terms;
    }

    private (int Passage, double Score)[] Rank(List<QueryTerm> terms, int k)
    {
        var segment = _index.Segment;
        var scores = ArrayPool<double>.Shared.Rent(segment.PassageCount);
        try
        {
            Array.Clear(scores, 0, segment.PassageCount);
            foreach (var term in terms)
            {
                var weight = term.Count * term.Idf;
                for (var posting = term.Start; posting < term.End; posting++)
                {
                    var passage = segment.PostingPassages[posting];
                    scores[passage] += TermScore(weight, segment.PostingFrequencies[posting], passage);
                }
            }

            return TopK(scores.AsSpan(0, segment.PassageCount), k);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(scores);
        }
    }

    private double TermScore(double weight, int frequency, int passage) =>
        weight * frequency / (frequency + Bm25.Norm(_index.Segment.PassageTerms[passage] / _index.MeanPassageTerms, _options.K1, _options.B));

    private static (int Passage, double Score)[] TopK(ReadOnlySpan<double> scores, int k)
    {
        // The queue's head is the worst of the best: lowest score, of equal ones the latest in the index.
        PriorityQueue<int, (double Score, int Passage)> best = new(Comparer<(double Score, int Passage)>.Create(
            static (x, y) => x.Score != y.Score ? x.Score.CompareTo(y.Score) : y.Passage.CompareTo(x.Passage)));
        for (var passage = 0; passage < scores.Length; passage++)
        {
            if (scores[passage] <= 0 || k == 0)
            {
                continue;
            }

            if (best.Count < k)
            {
                best.Enqueue(passage, (scores[passage], passage));
            }
            else if (best.TryPeek(out var worst, out _) && scores[passage] > scores[worst])
            {
                best.DequeueEnqueue(passage, (scores[passage], passage));
            }
        }

        var ranked = new (int Passage, double Score)[best.Count];
        for (var i = ranked.Length - 1; i >= 0; i--)
        {
            var passage = best.Dequeue();
            ranked[i] = (passage, scores[passage]);
        }

        return ranked;
    }

    private ScoreExplanation Explain(List<QueryTerm> terms, int passage, double score)
    {
        var segment = _index.Segment;
        List<ScoreExplanation> parts = [];
        var ratio = segment.PassageTerms[passage] / _index.MeanPassageTerms;
        foreach (var term in terms)
        {
            var posting = Array.BinarySearch(segment.PostingPassages, term.Start, term.End - term.Start, passage);
            if (posting < 0)
            {
                continue;
            }

            var frequency = segment.PostingFrequencies[posting];
            var repeated = term.Count > 1 ? Invariant($", {term.Count} times in the query") : "";
            parts.Add(new(
                TermScore(term.Count * term.Idf, frequency, passage),
                Invariant($"'{term.Text}': tf {frequency}, df {term.End - term.Start}, idf {term.Idf:F4}, length ratio {ratio:F4}{repeated}"),
                []));
        }

        return new(score, Invariant($"BM25 with k1 {_options.K1}, b {_options.B} over {segment.PassageCount} passages"), parts);

        static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    private sealed record QueryTerm(string Text, int Count, int Start, int End, double Idf);
}
