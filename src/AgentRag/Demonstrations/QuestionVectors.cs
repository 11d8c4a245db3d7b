using AgentRag.Indexing;

namespace AgentRag.Demonstrations;

/// <summary>How alike questions are: the cosine of their tf-idf vectors over stems, stop words left out.</summary>
/// <remarks>Made from a set of questions, which give the idf; other questions can be compared too. Safe for concurrent use.</remarks>
internal sealed class QuestionVectors
{
    private readonly Analyzer _analyzer = new(AnalyzerOptions.English);
    private readonly Dictionary<string, int> _frequencies = new(StringComparer.Ordinal);
    private readonly int _questions;

    public QuestionVectors(IEnumerable<string> questions)
    {
        foreach (var question in questions)
        {
            _questions++;
            foreach (var term in _analyzer.Terms(question).Distinct(StringComparer.Ordinal))
            {
                _frequencies[term] = _frequencies.GetValueOrDefault(term) + 1;
            }
        }
    }

    /// <summary>The vector of a question, of length 1; empty for one without any term.</summary>
    public IReadOnlyDictionary<string, double> Of(string question)
    {
        var vector = _analyzer.Terms(question).CountBy(term => term)
            .ToDictionary(term => term.Key, term => (1 + Math.Log(term.Value)) * Idf(term.Key), StringComparer.Ordinal);
        var length = Math.Sqrt(vector.Values.Sum(weight => weight * weight));
        return vector.ToDictionary(term => term.Key, term => term.Value / length, StringComparer.Ordinal);
    }

    /// <summary>The cosine of two vectors, in [0, 1].</summary>
    public static double Cosine(IReadOnlyDictionary<string, double> one, IReadOnlyDictionary<string, double> other)
    {
        var (few, many) = one.Count <= other.Count ? (one, other) : (other, one);
        var sum = 0.0;
        foreach (var (term, weight) in few)
        {
            sum += many.TryGetValue(term, out var with) ? weight * with : 0;
        }

        return Math.Min(sum, 1);
    }

    // Above 0 also for a term of every question, so that a question of such terms alone is still like itself.
    private double Idf(string term) => 1 + Math.Log((_questions + 1.0) / (_frequencies.GetValueOrDefault(term) + 1.0));
}
