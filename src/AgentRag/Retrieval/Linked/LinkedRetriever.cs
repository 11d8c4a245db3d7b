using System.Globalization;
using AgentRag.Indexing;

namespace AgentRag.Retrieval.Linked;

/// <summary>Ranks passages by their words and by the links between them: the passages of a multi-hop question share no words with it, but names.</summary>
/// <remarks>
/// BM25F finds seeds, links of titles and shared names lead from them to neighbours, a short random walk spreads over what they have in common, and the
/// three are added. No model takes part. Where no link touches a query, the result is that of <see cref="Bm25Retriever"/>. Safe for concurrent use.
/// </remarks>
public sealed class LinkedRetriever : IRetriever
{
    private const int MaxArrivalsExplained = 5;

    private readonly Bm25Index _index;
    private readonly LinksGraph _graph;
    private readonly LinkedOptions _options;
    private readonly Bm25Retriever _plain;

    /// <summary>Makes a retriever.</summary>
    /// <param name="index">What to search.</param>
    /// <param name="graph">The links between its passages.</param>
    /// <param name="options">How links are weighed; null for the defaults.</param>
    /// <param name="bm25">Parameters of the lexical part; null for the defaults.</param>
    /// <exception cref="ArgumentException">The graph was made from another index.</exception>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public LinkedRetriever(Bm25Index index, LinksGraph graph, LinkedOptions? options = null, Bm25Options? bm25 = null)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(graph);
        if (index.PassageCount != graph.PassageCount)
        {
            throw new ArgumentException($"The graph has {graph.PassageCount} passages, the index {index.PassageCount}: make the graph from this index.", nameof(graph));
        }

        (_index, _graph, _options, _plain) = (index, graph, (options ?? new()).Validated(), new(index, bm25));
    }

    /// <summary>Opens an index on disk with its links.</summary>
    /// <param name="indexDirectory">The folder that holds them.</param>
    /// <param name="tokenCounterName">The token counter of this run; null when token counts do not matter to it.</param>
    /// <param name="options">How links are weighed; null for the defaults.</param>
    /// <param name="bm25">Parameters of the lexical part; null for the defaults.</param>
    /// <returns>The retriever.</returns>
    /// <exception cref="AgentRagException">An option is out of range, or the index or its links cannot be used; see <see cref="LinksIndex.Open"/>.</exception>
    public static LinkedRetriever Open(string indexDirectory, string? tokenCounterName = null, LinkedOptions? options = null, Bm25Options? bm25 = null)
    {
        var (index, graph) = LinksIndex.Open(indexDirectory, tokenCounterName);
        return new(index, graph, options, bm25);
    }

    /// <inheritdoc/>
    public string Name => "linked";

    /// <inheritdoc/>
    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        var ranking = new LinkedRanking(_graph, new(_plain, query.Text, _options, query.Filter), _options, query.Text, query.K);
        if (!ranking.HasLinks)
        {
            return _plain.RetrieveAsync(query, cancellationToken);
        }

        var ranked = ranking.Top(query.K)
            .Select((scored, i) => new RankedPassage(
                _index.PassageAt(scored.Passage), i + 1, scored.Score, query.Explain ? Explain(ranking, scored.Passage) : null))
            .ToArray();

        // What was read of the links points into a mapping that lives as long as they do.
        GC.KeepAlive(_graph);
        return Task.FromResult<IReadOnlyList<RankedPassage>>(ranked);
    }

    private ScoreExplanation Explain(LinkedRanking ranking, int passage)
    {
        var score = ranking.ScoreOf(passage);
        List<ScoreExplanation> parts = [new(score.Lexical, $"words: BM25F with the title counted {_options.TitleWeight} times and bigrams, against the best", [])];
        if (score.NamedAs is { } named)
        {
            parts.Add(new(score.Named, $"the question names '{_graph.Names[named]}', the title of {Documents(_graph.SubjectDocuments[named])}", []));
        }

        if (score.BridgedBy is { } bridge)
        {
            var numbers = string.Create(CultureInfo.InvariantCulture, $"link {bridge.LinkWeight:F4}, seed {bridge.SeedScore:F4}, rest of the question {bridge.Remainder:F4}");
            parts.Add(new(score.Bridge, $"{Describe(bridge)}: {numbers}", []));
        }

        if (score.Walk > 0)
        {
            parts.Add(new(score.Walk, "random walk from the best passages", WalkParts(ranking, passage, score.Walk)));
        }

        return new(score.Total, "words, names and links", parts);
    }

    private List<ScoreExplanation> WalkParts(LinkedRanking ranking, int passage, double total)
    {
        var (start, names) = ranking.WalkParts(passage);
        List<ScoreExplanation> parts = [];
        if (start > 0)
        {
            parts.Add(new(start, "it is one of the starting passages", []));
        }

        parts.AddRange(names.Take(MaxArrivalsExplained).Select(arrival => new ScoreExplanation(arrival.Score, $"through '{_graph.Names[arrival.Name]}'", [])));
        var rest = total - parts.Sum(part => part.Value);
        if (names.Count > MaxArrivalsExplained)
        {
            parts.Add(new(rest, $"through {names.Count - MaxArrivalsExplained} other names", []));
        }

        return parts;
    }

    private string Describe(Bridge bridge)
    {
        var (name, seed) = (_graph.Names[bridge.Name], _index.PassageAt(bridge.Seed));
        var from = seed.Title.Length > 0 ? $"'{seed.Title}' ({seed.Id})" : seed.Id;
        return bridge.Kind switch
        {
            BridgeKind.Mention => $"{from} mentions '{name}', which this is about",
            BridgeKind.Back => $"this mentions '{name}', which {from} is about",
            _ => $"this and {from} both mention '{name}'",
        };
    }

    private static string Documents(int count) => count == 1 ? "1 document" : $"{count} documents";
}
