using System.Buffers;
using AgentRag.Indexing;

namespace AgentRag.Retrieval.Linked;

/// <summary>What the linked engine asks the lexical one about one query: candidates, and the score of any passage, term by term.</summary>
/// <remarks>The only place of this folder that knows how the index stores its postings. For one thread.</remarks>
internal sealed class LexicalQuery
{
    private readonly Bm25Index _index;
    private readonly Bm25Options _bm25;
    private readonly LinkedOptions _options;
    private readonly IReadOnlyList<string> _sequence;
    private readonly List<Term> _terms = [];
    private readonly Dictionary<int, double[]> _scores = [];

    public LexicalQuery(Bm25Index index, string text, Bm25Options bm25, LinkedOptions options)
    {
        (_index, _bm25, _options, _sequence) = (index, bm25, options, index.Analyzer.Terms(text));
        foreach (var group in _sequence.GroupBy(term => term, StringComparer.Ordinal))
        {
            var (start, end) = index.Segment.Postings(group.Key);
            if (end > start)
            {
                _terms.Add(new(group.Key, start, end, group.Count() * Bm25.Idf(index.PassageCount, end - start)));
            }
        }
    }

    public int TermCount => _terms.Count;

    public int DocumentOf(int passage) => _index.Segment.PassageDocuments[passage];

    /// <summary>The best passages by plain BM25, best first, equal scores in index order.</summary>
    public int[] Top(int k)
    {
        var segment = _index.Segment;
        var scores = ArrayPool<double>.Shared.Rent(segment.PassageCount);
        try
        {
            Array.Clear(scores, 0, segment.PassageCount);
            foreach (var term in _terms)
            {
                for (var posting = term.Start; posting < term.End; posting++)
                {
                    var passage = segment.PostingPassages[posting];
                    scores[passage] += Score(term.Weight, segment.PostingFrequencies[posting], passage);
                }
            }

            return TopPassages.Of(scores.AsSpan(0, segment.PassageCount), k);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(scores);
        }
    }

    /// <summary>Scores a passage by BM25F.</summary>
    /// <returns>One score per term of the query, 0 where the passage lacks it.</returns>
    /// <remarks>
    /// The title's further counts add to the frequency and not to the length: a departure from Robertson et al., CIKM 2004, that spares the index a second
    /// column of lengths.
    /// </remarks>
    public double[] TermScores(int passage)
    {
        if (_scores.TryGetValue(passage, out var scores))
        {
            return scores;
        }

        scores = new double[_terms.Count];
        var segment = _index.Segment;
        IReadOnlyList<string>? title = null;
        for (var t = 0; t < scores.Length; t++)
        {
            var posting = Array.BinarySearch(segment.PostingPassages, _terms[t].Start, _terms[t].End - _terms[t].Start, passage);
            if (posting >= 0)
            {
                title ??= _index.Analyzer.Terms(segment.DocumentTitles[segment.PassageDocuments[passage]]);
                var inTitle = title.Count(term => string.Equals(term, _terms[t].Text, StringComparison.Ordinal));
                scores[t] = Score(_terms[t].Weight, segment.PostingFrequencies[posting] + ((_options.TitleWeight - 1) * inTitle), passage);
            }
        }

        _scores.Add(passage, scores);
        return scores;
    }

    /// <summary>Scores the neighbouring terms of the query that are neighbours in the passage.</summary>
    /// <remarks>A pair weighs like its rarer term: how rare the pair itself is would need an index of pairs.</remarks>
    public double BigramScore(int passage)
    {
        var scores = TermScores(passage);
        Dictionary<(string, string), double> pairs = [];
        for (var i = 1; i < _sequence.Count; i++)
        {
            var (first, second) = (IndexOf(_sequence[i - 1]), IndexOf(_sequence[i]));
            if (first >= 0 && second >= 0 && scores[first] > 0 && scores[second] > 0)
            {
                pairs[(_sequence[i - 1], _sequence[i])] = Math.Max(Idf(first), Idf(second));
            }
        }

        if (pairs.Count == 0 || _options.BigramWeight == 0)
        {
            return 0;
        }

        var segment = _index.Segment;
        Dictionary<(string, string), int> found = [];
        Count(segment.DocumentTitles[segment.PassageDocuments[passage]]);
        Count(segment.PassageTexts[passage]);
        return found.Sum(pair => Score(_options.BigramWeight * pairs[pair.Key], pair.Value, passage));

        void Count(string text)
        {
            var terms = _index.Analyzer.Terms(text);
            for (var i = 1; i < terms.Count; i++)
            {
                var pair = (terms[i - 1], terms[i]);
                if (pairs.ContainsKey(pair))
                {
                    found[pair] = found.GetValueOrDefault(pair) + 1;
                }
            }
        }
    }

    private double Score(double weight, double frequency, int passage) =>
        weight * frequency / (frequency + Bm25.Norm(_index.Segment.PassageTerms[passage] / _index.MeanPassageTerms, _bm25.K1, _bm25.B));

    private double Idf(int term) => Bm25.Idf(_index.PassageCount, _terms[term].End - _terms[term].Start);

    private int IndexOf(string term) => _terms.FindIndex(other => string.Equals(other.Text, term, StringComparison.Ordinal));

    private sealed record Term(string Text, int Start, int End, double Weight);
}
