using AgentRag.Indexing;

namespace AgentRag.Retrieval.Linked;

/// <summary>Follows the links of the best passages: one hop along mentions, in both directions, and through shared names.</summary>
/// <remarks>
/// After the linked documents of Asai et al., ICLR 2020, and the entity-centric steps of Das et al., MRQA 2019, with string matching in place of models.
/// </remarks>
internal sealed class BridgeFinder(LinksGraph graph, LexicalQuery query, LinkedOptions options, double bestLexicalScore)
{
    private readonly Dictionary<int, Bridge> _found = [];

    /// <summary>Follows the links of one passage.</summary>
    /// <param name="seed">The passage.</param>
    /// <param name="score">Its score against the best one's, in [0, 1].</param>
    public void Follow(int seed, double score)
    {
        foreach (var name in graph.PassageNames[seed])
        {
            var rarity = Rarity(name);
            foreach (var passage in graph.Subjects[name])
            {
                Offer(BridgeKind.Mention, rarity / graph.SubjectDocuments[name], name, passage);
            }

            foreach (var passage in graph.Mentions[name])
            {
                // Two edges lie on the way, so the rarity counts twice.
                Offer(BridgeKind.Shared, options.IndirectWeight * rarity * rarity, name, passage);
            }
        }

        foreach (var name in graph.SubjectsOf(seed))
        {
            foreach (var passage in graph.Mentions[name])
            {
                Offer(BridgeKind.Back, options.IndirectWeight * Rarity(name) / graph.SubjectDocuments[name], name, passage);
            }
        }

        void Offer(BridgeKind kind, double linkWeight, int name, int passage)
        {
            if (!query.IsAllowed(passage) || query.DocumentOf(passage) == query.DocumentOf(seed))
            {
                return;
            }

            var bridge = new Bridge(kind, name, seed, linkWeight, score, Remainder(seed, passage));
            if (bridge.Bonus > (_found.TryGetValue(passage, out var best) ? best.Bonus : 0))
            {
                _found[passage] = bridge;
            }
        }
    }

    /// <summary>The best link to each passage that some seed leads to.</summary>
    public IReadOnlyDictionary<int, Bridge> Found => _found;

    /// <summary>How much a name tells, in (0, 1]: its idf against that of a name mentioned once.</summary>
    private double Rarity(int name) => LinkWeights.Idf(graph, name) / Math.Log(1.0 + graph.PassageCount);

    private double Remainder(int seed, int passage)
    {
        var (known, scores) = (query.TermScores(seed), query.TermScores(passage));
        var sum = 0.0;
        for (var t = 0; t < scores.Length; t++)
        {
            sum += known[t] == 0 ? scores[t] : 0;
        }

        return sum / bestLexicalScore;
    }
}
