using System.Globalization;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval.Lexical;
using Microsoft.Extensions.AI;

namespace AgentRag.Retrieval.Dense;

/// <summary>Ranks passages by the cosine of their vector with the query's: near in meaning, whatever the words.</summary>
/// <remarks>
/// Looks at every vector as int8 (large stores: at their signs first), and scores the best again: with float32 components where the store keeps them, else
/// with the unrounded query. Passages without a vector are not found; <see cref="PassagesWithVector"/> says how many have one. Passages of equal score keep
/// the order of the index. Safe for concurrent use.
/// </remarks>
public sealed class DenseRetriever : IRetriever
{
    // Int8 orders near neighbours almost as float32 does: the true best k lie within this many of its best.
    private const int RescoredPerPassage = 4;
    private const int RescoredAtLeast = 64;
    private const int SignCandidatesAtLeast = 2_000;

    private readonly Bm25Index _index;
    private readonly VectorStore _store;
    private readonly IEmbeddingGenerator<string, Embedding<float>> _generator;
    private readonly DenseOptions _options;
    private readonly PassageRows _rows;

    // The filter of the query before, with its bits: a session asks with the same filter again and again.
    private volatile Tuple<PassageFilter, ulong[][], ulong[]>? _latestFilter;

    /// <summary>Makes a retriever.</summary>
    /// <param name="index">The index.</param>
    /// <param name="store">Its vectors.</param>
    /// <param name="generator">The model that made them; it must tell its name as <see cref="EmbeddingGeneratorMetadata.DefaultModelId"/>.</param>
    /// <param name="options">How to search; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range, or the vectors were made with another model.</exception>
    public DenseRetriever(Bm25Index index, VectorStore store, IEmbeddingGenerator<string, Embedding<float>> generator, DenseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(generator);
        store.RequireModel(EmbeddingModel.NameOf(generator), EmbeddingModel.DimensionsOf(generator));
        (_index, _store, _generator, _options) = (index, store, generator, (options ?? new()).Validated());
        _rows = new(index, store);
    }

    /// <inheritdoc/>
    public string Name => "dense";

    /// <summary>Passages that can be found, in [0, passages of the index]; the others are yet to be embedded.</summary>
    public int PassagesWithVector => _rows.PassageCount;

    /// <summary>The vectors to use; tests choose narrower ones than the processor has.</summary>
    internal SimdLevel Simd { get; init; } = SimdLevels.Best;

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The model fails, or gives a vector of another length.</exception>
    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        if (query.K == 0 || _rows.PassageCount == 0)
        {
            return [];
        }

        var embeddings = await _generator.GenerateAsync([_store.QueryPrefix + query.Text], options: null, cancellationToken).ConfigureAwait(false);
        if (embeddings.Count != 1)
        {
            throw new AgentRagException($"Embedding model {_store.Model} gave {embeddings.Count} vectors for one query: it cannot be used to search.");
        }

        _store.RequireModel(_store.Model, embeddings[0].Vector.Length);
        return Retrieve(query, new(embeddings[0].Vector.Span, _store.Layout), cancellationToken);
    }

    private List<RankedPassage> Retrieve(RetrievalQuery query, VectorQuery vector, CancellationToken cancellationToken)
    {
        var (passages, allowed) = query.Filter is null ? (null, _rows.Live) : Filter(query.Filter);
        var scan = new VectorScan(_store, Simd, _options.Threads);
        var isFloat = _options.RescoreWithFloat32 && _store.HasFloat32;
        var buffer = new float[_store.Dimensions];
        var scored = Candidates(scan, vector, query.K, allowed, cancellationToken).Select(row => (row.Row, Score: scan.Score(row.Row, vector, isFloat, buffer)));

        // A row may stand for several passages of the same text, of which the filter may let some pass.
        var ranked = scored.SelectMany(row => PassagesOf(row.Row, passages).Select(passage => (Passage: passage, row.Score)))
            .OrderByDescending(found => found.Score).ThenBy(found => found.Passage).Take(query.K);
        List<RankedPassage> result = [];
        foreach (var (passage, score) in ranked)
        {
            var segment = _rows.SegmentOf(passage);
            result.Add(new(_index.PassageAt(segment, _rows.LocalOf(segment, passage)), result.Count + 1, score, query.Explain ? Explain(score, isFloat) : null));
        }

        GC.KeepAlive(_store);
        return result;
    }

    private (int Row, float Score)[] Candidates(VectorScan scan, VectorQuery vector, int k, ulong[] allowed, CancellationToken cancellationToken)
    {
        var rescored = (RescoredPerPassage * k) + RescoredAtLeast;
        if (!UsesSigns)
        {
            return scan.Nearest(vector, rescored, allowed, cancellationToken);
        }

        var bySigns = scan.NearestBySigns(vector, Math.Max(Math.Max(SignCandidatesAtLeast, rescored), _options.SignCandidatesPerPassage * k), allowed, cancellationToken);
        return scan.NearestOf(Array.ConvertAll(bySigns, row => row.Row), vector, rescored);
    }

    private bool UsesSigns => _store.Count >= _options.SignFilterFromVectors;

    private List<int> PassagesOf(int row, ulong[][]? filter)
    {
        List<int> passages = [];
        foreach (var passage in _rows.Of(row))
        {
            var segment = _rows.SegmentOf(passage);
            var local = _rows.LocalOf(segment, passage);
            if (filter is null || (filter[segment][local >> 6] >> local & 1) != 0)
            {
                passages.Add(passage);
            }
        }

        return passages;
    }

    private (ulong[][] Passages, ulong[] Rows) Filter(PassageFilter filter)
    {
        if (_latestFilter is { } latest && ReferenceEquals(latest.Item1, filter))
        {
            return (latest.Item2, latest.Item3);
        }

        var (passages, rows) = _rows.Filter(filter);
        _latestFilter = Tuple.Create(filter, passages, rows);
        return (passages, rows);
    }

    private ScoreExplanation Explain(float score, bool isFloat) => new(
        score,
        string.Create(
            CultureInfo.InvariantCulture,
            $"cosine of query and passage by {_store.Model}, {_store.Dimensions} dimensions, {(isFloat ? "float32" : "int8")}{(UsesSigns ? ", chosen by signs" : "")} among {_store.Count} vectors"),
        []);
}
