using AgentRag.Indexing;

namespace AgentRag.Retrieval.Linked;

/// <summary>Personalised PageRank over passages and names: a step goes from a passage to one of its names and on to one of that name's passages.</summary>
/// <remarks>
/// Power iteration on the seeds' neighbourhood: whatever carries less than a thousandth of the walk goes no further, so at most a thousand
/// names are spread per step, and the cost does not depend on the size of the index. Idea: Gutiérrez et al., HippoRAG, NeurIPS 2024.
/// </remarks>
internal sealed class Walk
{
    /// <summary>Steps of the iteration; with a chance of going on of one half, 3 % of the walk is left then.</summary>
    private const int DefaultSteps = 5;

    private const double MinShare = 1e-3;

    private readonly LinksGraph _graph;
    private readonly double _on;
    private readonly double _minShare;
    private readonly Func<int, bool> _isAllowed;
    private readonly Dictionary<int, double> _restart;
    private Dictionary<int, double> _names = [];

    /// <summary>Walks.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="start">Passages with weights ≥ 0; they are brought to a sum of 1.</param>
    /// <param name="on">Chance of going on, in [0, 1).</param>
    /// <param name="isAllowed">Passages that may be stepped on; what would go to others is lost. Null for all.</param>
    /// <param name="minShare">The smallest share that goes on.</param>
    /// <param name="steps">Steps of the iteration.</param>
    public Walk(LinksGraph graph, IEnumerable<KeyValuePair<int, double>> start, double on, Func<int, bool>? isAllowed = null, double minShare = MinShare, int steps = DefaultSteps)
    {
        (_graph, _on, _minShare, _isAllowed) = (graph, on, minShare, isAllowed ?? (_ => true));
        _restart = new(start);
        var sum = _restart.Values.Sum();
        foreach (var passage in _restart.Keys)
        {
            _restart[passage] /= sum;
        }

        Shares = _restart;
        for (var step = 0; step < steps; step++)
        {
            (_names, Shares) = Step(Shares);
        }
    }

    /// <summary>Each visited passage's share of the walk; together at most 1.</summary>
    public Dictionary<int, double> Shares { get; private set; }

    /// <summary>A passage's part of the start.</summary>
    public double RestartOf(int passage) => (1 - _on) * _restart.GetValueOrDefault(passage);

    /// <summary>What reached a passage in the last step, name by name, largest first.</summary>
    public IEnumerable<(int Name, double Share)> ArrivalsAt(int passage) =>
        _names.Select(name => (Name: name.Key, Share: EdgesBetween(name.Key, passage) * Forwarded(name.Key, name.Value)))
            .Where(arrival => arrival.Share > 0)
            .OrderByDescending(arrival => arrival.Share).ThenBy(arrival => arrival.Name);

    private (Dictionary<int, double> Names, Dictionary<int, double> Passages) Step(Dictionary<int, double> passages)
    {
        Dictionary<int, double> names = [];
        foreach (var (passage, share) in passages)
        {
            if (share >= _minShare)
            {
                Leave(passage, share, names);
            }
        }

        Dictionary<int, double> next = [];
        foreach (var (passage, share) in _restart)
        {
            next[passage] = (1 - _on) * share;
        }

        foreach (var (name, share) in names)
        {
            if (share < _minShare)
            {
                names.Remove(name);
                continue;
            }

            var forwarded = Forwarded(name, share);
            Forward(_graph.Mentions[name], forwarded, next);
            Forward(_graph.Subjects[name], forwarded, next);
        }

        return (names, next);
    }

    private void Forward(ReadOnlySpan<int> passages, double share, Dictionary<int, double> next)
    {
        foreach (var passage in passages)
        {
            if (_isAllowed(passage))
            {
                next[passage] = next.GetValueOrDefault(passage) + share;
            }
        }
    }

    /// <summary>Divides a passage's share among its names by their idf: those it mentions and those it is about.</summary>
    private void Leave(int passage, double share, Dictionary<int, double> names)
    {
        var sum = 0.0;
        foreach (var name in _graph.PassageNames[passage])
        {
            sum += LinkWeights.Idf(_graph, name);
        }

        foreach (var name in _graph.SubjectsOf(passage))
        {
            sum += LinkWeights.Idf(_graph, name);
        }

        foreach (var name in _graph.PassageNames[passage])
        {
            names[name] = names.GetValueOrDefault(name) + (share * LinkWeights.Idf(_graph, name) / sum);
        }

        foreach (var name in _graph.SubjectsOf(passage))
        {
            names[name] = names.GetValueOrDefault(name) + (share * LinkWeights.Idf(_graph, name) / sum);
        }
    }

    /// <summary>What one edge of a name carries on: a passage that mentions the name and is about it has two.</summary>
    private double Forwarded(int name, double share) => _on * share / Math.Max(1, _graph.Mentions[name].Length + _graph.Subjects[name].Length);

    private int EdgesBetween(int name, int passage) => _graph.Mentions[name].Count(passage) + _graph.Subjects[name].Count(passage);
}
