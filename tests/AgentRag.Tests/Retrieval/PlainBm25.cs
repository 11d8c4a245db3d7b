using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Retrieval;

namespace AgentRag.Tests.Retrieval;

/// <summary>BM25 as the formula stands: every passage is scored, in double precision, one term after the other.</summary>
internal sealed class PlainBm25
{
    private readonly Analyzer _analyzer;
    private readonly Bm25Options _options;
    private readonly List<(Passage Passage, Dictionary<string, int> Terms, int Length)> _passages = [];
    private readonly Dictionary<string, int> _passagesWith = new(StringComparer.Ordinal);
    private readonly double _meanLength;

    public PlainBm25(IEnumerable<Passage> passages, AnalyzerOptions analyzer, Bm25Options? options = null)
    {
        (_analyzer, _options) = (new(analyzer), options ?? new());
        var total = 0L;
        foreach (var passage in passages)
        {
            List<string> terms = [.. _analyzer.Terms(passage.Title), .. passage.HeadingPath.SelectMany(heading => _analyzer.Terms(heading)), .. _analyzer.Terms(passage.Text)];
            var counts = terms.GroupBy(term => term, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
            foreach (var term in counts.Keys)
            {
                _passagesWith[term] = _passagesWith.GetValueOrDefault(term) + 1;
            }

            _passages.Add((passage, counts, terms.Count));
            total += terms.Count;
        }

        _meanLength = _passages.Count == 0 ? 0 : (double)total / _passages.Count;
    }

    public static PlainBm25 Of(Bm25Index index, Bm25Options? options = null) =>
        new(Enumerable.Range(0, index.PassageCount).Select(passage => index.PassageAt(passage)), index.Analyzer.Options, options);

    public List<(string Id, double Score)> Rank(string query, int k, Func<Passage, bool>? filter = null)
    {
        var terms = _analyzer.Terms(query).GroupBy(term => term, StringComparer.Ordinal)
            .Where(group => _passagesWith.ContainsKey(group.Key))
            .Select(group => (Text: group.Key, Weight: group.Count() * Bm25.Idf(_passages.Count, _passagesWith[group.Key])))
            .ToList();
        List<(string Id, double Score)> scored = [];
        foreach (var (passage, counts, length) in _passages)
        {
            var score = 0.0;
            foreach (var (text, weight) in terms)
            {
                if (counts.TryGetValue(text, out var frequency))
                {
                    score += weight * frequency / (frequency + (_options.K1 * (1 - _options.B + (_options.B * (length / _meanLength)))));
                }
            }

            if (score > 0 && filter?.Invoke(passage) != false)
            {
                scored.Add((passage.Id, score));
            }
        }

        return [.. scored.OrderByDescending(passage => passage.Score).Take(k)];
    }
}
