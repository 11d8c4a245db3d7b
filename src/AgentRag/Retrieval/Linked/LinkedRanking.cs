using AgentRag.Indexing;

namespace AgentRag.Retrieval.Linked;

/// <summary>The ranking of one query with the parts of each score, so that every one can be explained.</summary>
internal sealed class LinkedRanking
{
    /// <summary>Passages that seeds are chosen from, however many are asked for: so what is followed does not depend on k.</summary>
    private const int Candidates = 100;

    private readonly LinksGraph _graph;
    private readonly LexicalQuery _query;
    private readonly LinkedOptions _options;
    private readonly Dictionary<int, double> _lexical = [];
    private readonly Dictionary<int, (int Name, double Score)> _named = [];
    private readonly Dictionary<int, double> _local = [];
    private readonly double _bestLexical = 1;
    private readonly double _bestLocal = 1;
    private readonly double _bestShare = 1;
    private readonly BridgeFinder _bridges;
    private readonly Walk? _walk;
    private readonly HashSet<int> _ranked;

    public LinkedRanking(LinksGraph graph, LexicalQuery query, LinkedOptions options, string text, int k)
    {
        (_graph, _query, _options) = (graph, query, options);
        var top = query.Top(Math.Max(k, Candidates));
        foreach (var passage in top.Take(Candidates))
        {
            _lexical[passage] = query.TermScores(passage).Sum() + query.BigramScore(passage);
        }

        _bestLexical = top.Length > 0 ? _lexical.Values.Max() : 1;
        FindNamed(text);
        foreach (var passage in top.Take(Candidates).Concat(_named.Keys))
        {
            _local[passage] = Base(passage);
        }

        _bridges = new(graph, query, options, _bestLexical);
        foreach (var seed in TopPassages.Ordered(_local).Take(options.SeedPassages))
        {
            _bridges.Follow(seed, Math.Min(1, _local[seed]));
        }

        foreach (var (passage, bridge) in _bridges.Found)
        {
            _local[passage] = Base(passage) + bridge.Bonus;
        }

        if (_local.Count > 0 && HasLinks)
        {
            _bestLocal = _local.Values.Max();
            _walk = new(graph, TopPassages.Ordered(_local).Take(options.WalkPassages).Select(passage => KeyValuePair.Create(passage, _local[passage])), options.WalkOn, query.IsAllowed);
            _bestShare = _walk.Shares.Values.Max();
        }

        _ranked = [.. _local.Keys, .. _walk?.Shares.Keys ?? Enumerable.Empty<int>(), .. top];
    }

    /// <summary>Whether the graph says anything about this query.</summary>
    public bool HasLinks => _named.Count > 0 || _bridges.Found.Count > 0;

    /// <summary>The best passages with their scores.</summary>
    public List<(int Passage, double Score)> Top(int k)
    {
        Dictionary<int, double> scores = [];
        foreach (var passage in _ranked)
        {
            scores.Add(passage, ScoreOf(passage).Total);
        }

        return TopPassages.Ordered(scores).Take(k).Select(passage => (passage, scores[passage])).ToList();
    }

    /// <summary>The parts of a passage's score.</summary>
    public LinkedScore ScoreOf(int passage)
    {
        var hasBridge = _bridges.Found.TryGetValue(passage, out var bridge);
        return new(
            Lexical(passage) / _bestLexical / _bestLocal,
            _named.TryGetValue(passage, out var named) ? named.Score / _bestLocal : 0,
            hasBridge ? bridge.Bonus / _bestLocal : 0,
            _options.WalkWeight * (_walk?.Shares.GetValueOrDefault(passage) ?? 0) / _bestShare)
        {
            NamedAs = named.Score > 0 ? named.Name : null,
            BridgedBy = hasBridge ? bridge : null,
        };
    }

    /// <summary>What the walk brought to a passage: the part of its start, and what came through each name; in parts of the score.</summary>
    public (double Start, IReadOnlyList<(int Name, double Score)> Names) WalkParts(int passage)
    {
        var scale = _options.WalkWeight / _bestShare;
        return _walk is null ? (0, []) : (scale * _walk.RestartOf(passage), [.. _walk.ArrivalsAt(passage).Select(arrival => (arrival.Name, scale * arrival.Share))]);
    }

    private void FindNamed(string text)
    {
        if (_options.NamedWeight == 0)
        {
            return;
        }

        foreach (var name in _graph.TitlesIn(text))
        {
            Dictionary<int, int> passagesOfDocument = [];
            foreach (var passage in _graph.Subjects[name])
            {
                if (!_query.IsAllowed(passage))
                {
                    continue;
                }

                // The first passage of a document usually says what it is about; those that follow count less and less.
                var position = passagesOfDocument[_query.DocumentOf(passage)] = passagesOfDocument.GetValueOrDefault(_query.DocumentOf(passage)) + 1;
                var score = _options.NamedWeight / _graph.SubjectDocuments[name] / position;
                if (score > _named.GetValueOrDefault(passage).Score)
                {
                    _named[passage] = (name, score);
                }
            }
        }
    }

    private double Base(int passage) => (Lexical(passage) / _bestLexical) + _named.GetValueOrDefault(passage).Score;

    private double Lexical(int passage) => _lexical.TryGetValue(passage, out var score) ? score : _lexical[passage] = _query.TermScores(passage).Sum();
}

/// <summary>The parts of a score, which add up to it.</summary>
/// <param name="Lexical">From BM25F with bigrams.</param>
/// <param name="Named">Because the question names the document.</param>
/// <param name="Bridge">Through the best link from a seed.</param>
/// <param name="Walk">From the random walk.</param>
internal sealed record LinkedScore(double Lexical, double Named, double Bridge, double Walk)
{
    public double Total => Lexical + Named + Bridge + Walk;

    public int? NamedAs { get; init; }

    public Bridge? BridgedBy { get; init; }
}
