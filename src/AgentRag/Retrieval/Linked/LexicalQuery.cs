using AgentRag.Indexing;
using AgentRag.Retrieval.Lexical;

namespace AgentRag.Retrieval.Linked;

/// <summary>What the linked engine asks the lexical one about one query: candidates, and the score of any passage, term by term.</summary>
/// <remarks>The only place of this folder that knows how the index stores its postings. For one thread.</remarks>
internal sealed class LexicalQuery
{
    private readonly Bm25Retriever _retriever;
    private readonly Bm25Index _index;
    private readonly string _text;
    private readonly LinkedOptions _options;
    private readonly PassageFilter? _filter;
    private readonly ulong[]?[]? _allowed;
    private readonly IReadOnlyList<string> _sequence;
    private readonly QueryTerms _terms = new();
    private readonly string[] _termTexts;
    private readonly Dictionary<int, double[]> _scores = [];

    public LexicalQuery(Bm25Retriever retriever, string text, LinkedOptions options, PassageFilter? filter = null)
    {
        (_retriever, _index, _text, _options, _filter) = (retriever, retriever.Snapshot.Index, text, options, filter);
        _allowed = filter is null ? null : retriever.Bits(filter);
        _sequence = _index.Analyzer.Terms(text);
        _terms.Read(text, _index);
        _termTexts = [.. Enumerable.Range(0, _terms.Count).Select(_terms.TextOf)];
    }

    public int TermCount => _terms.Count;

    /// <summary>A number of the passage's document, not the same for any other.</summary>
    public int DocumentOf(int passage)
    {
        var (segment, local) = _index.Locate(passage);
        return _retriever.Snapshot.FirstPassages[segment] + _index.Segments[segment].Segment.PassageDocuments[local];
    }

    /// <summary>Whether the filter lets a passage pass.</summary>
    public bool IsAllowed(int passage)
    {
        if (_allowed is null)
        {
            return true;
        }

        var (segment, local) = _index.Locate(passage);
        return _allowed[segment] is not { } bits || (bits[local >> 6] >> local & 1) != 0;
    }

    /// <summary>The best passages by plain BM25, best first, equal scores in index order.</summary>
    public int[] Top(int k)
    {
        var search = _retriever.Rank(_text, k, _filter, out var count);
        var passages = new int[count];
        for (var rank = 0; rank < count; rank++)
        {
            var passage = search.PassageAt(rank);
            var segment = _retriever.Snapshot.SegmentOf(passage);
            passages[rank] = _index.PositionOf(segment, passage - _retriever.Snapshot.FirstPassages[segment]);
        }

        return passages;
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
        var (number, local) = _index.Locate(passage);
        var segment = _index.Segments[number].Segment;
        IReadOnlyList<string>? title = null;
        for (var t = 0; t < scores.Length; t++)
        {
            var found = _terms.NumberIn(number, t);
            var frequency = found < 0 ? 0 : segment.Postings(found).FrequencyIn(local);
            if (frequency > 0)
            {
                title ??= _index.Analyzer.Terms(segment.DocumentTitle(segment.PassageDocuments[local]));
                var inTitle = title.Count(term => string.Equals(term, _termTexts[t], StringComparison.Ordinal));
                scores[t] = Score(_terms[t].Weight, frequency + ((_options.TitleWeight - 1) * inTitle), segment.PassageLengths[local]);
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
                pairs[(_sequence[i - 1], _sequence[i])] = Math.Max(_terms[first].Idf, _terms[second].Idf);
            }
        }

        if (pairs.Count == 0 || _options.BigramWeight == 0)
        {
            return 0;
        }

        var (number, local) = _index.Locate(passage);
        var segment = _index.Segments[number].Segment;
        var length = segment.PassageLengths[local];
        Dictionary<(string, string), int> found = [];
        Count(segment.DocumentTitle(segment.PassageDocuments[local]));
        Count(segment.Stored(local).Text);
        return found.Sum(pair => Score(_options.BigramWeight * pairs[pair.Key], pair.Value, length));

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

    private double Score(double weight, double frequency, int length) => weight * frequency / (frequency + _retriever.Snapshot.Norm.Of(length));

    private int IndexOf(string term) => Array.IndexOf(_termTexts, term);
}
