using System.Collections.Concurrent;
using AgentRag.Documents;
using AgentRag.Retrieval;

namespace AgentRag.Demonstrations;

/// <summary>A pool of worked examples with the corpus their passages come from: chooses m for a question and fetches their passages.</summary>
/// <remarks>
/// In DRAG every demonstration carries its own k passages, found by the same kind of retriever as the question's (paper section 4.1). A demonstration
/// that carries passages itself shows those, at most k of each ranking, and needs no retriever. Prepared demonstrations are kept, so each is retrieved
/// once for each k. Safe for concurrent use.
/// </remarks>
public sealed class DemonstrationStore
{
    private readonly IReadOnlyList<Demonstration> _pool;
    private readonly IRetriever? _retriever;
    private readonly DemonstrationOptions _options;
    private readonly DemonstrationOrder _order;
    private readonly LeakageGuard _guard;
    private readonly ConcurrentDictionary<(string Id, int K, bool WithSteps), PreparedDemonstration> _prepared;

    private DemonstrationStore(IReadOnlyList<Demonstration> pool, IRetriever? retriever, DemonstrationOptions options)
    {
        (_pool, _retriever, _options, _order) = (pool, retriever, options, new DemonstrationOrder(pool, options));
        (_guard, _prepared) = (LeakageGuard.None, new());
    }

    private DemonstrationStore(DemonstrationStore store, LeakageGuard guard)
    {
        (_pool, _retriever, _options, _order, _prepared) = (store._pool, store._retriever, store._options, store._order, store._prepared);
        _guard = guard;
    }

    /// <summary>A store without demonstrations: every m becomes 0.</summary>
    public static DemonstrationStore Empty { get; } = new([], retriever: null, new());

    /// <summary>Number of demonstrations in the pool.</summary>
    public int Count => _pool.Count;

    /// <summary>The pool, in its order.</summary>
    public IReadOnlyList<Demonstration> Pool => _pool;

    /// <summary>Makes a store from labelled questions.</summary>
    /// <param name="questions">The pool, in the order in which demonstrations are taken.</param>
    /// <param name="retriever">Finds passages in the corpus that the questions are about.</param>
    /// <param name="options">Selection and passages; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range, or an id occurs twice.</exception>
    public static DemonstrationStore From(IEnumerable<LabelledQuestion> questions, IRetriever retriever, DemonstrationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(retriever);
        return From(questions.Select(Demonstration.From), retriever, options);
    }

    /// <summary>Makes a store from demonstrations, such as those of a <see cref="DemonstrationFile"/>.</summary>
    /// <param name="pool">The pool, in its order.</param>
    /// <param name="retriever">Finds the passages of demonstrations that carry none; null to show those without passages.</param>
    /// <param name="options">Selection and passages; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range, or an id occurs twice.</exception>
    public static DemonstrationStore From(IEnumerable<Demonstration> pool, IRetriever? retriever, DemonstrationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        List<Demonstration> demonstrations = [.. pool];
        return demonstrations.GroupBy(demonstration => demonstration.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new AgentRagException($"The id \"{twice.Key}\" stands for {twice.Count()} demonstrations of the pool; ids must differ.")
            : new DemonstrationStore(demonstrations, retriever, (options ?? new()).Validated());
    }

    /// <summary>This store, with a guard against leakage: a question of the given ones gets no demonstration that rests on all of its supporting documents.</summary>
    /// <param name="questions">Labelled questions that are to be asked; those without supporting documents are passed over.</param>
    public DemonstrationStore Guarded(IEnumerable<LabelledQuestion> questions)
    {
        ArgumentNullException.ThrowIfNull(questions);
        return new DemonstrationStore(this, new LeakageGuard(questions));
    }

    /// <summary>Chooses demonstrations for a question.</summary>
    /// <param name="question">The question to be answered; a demonstration that asks the same is left out, as it would give the answer away.</param>
    /// <param name="m">How many, ≥ 0; fewer when the pool is smaller.</param>
    /// <param name="k">Passages for each question, and for each sub-query; ≥ 0. The store's own k may lower it.</param>
    /// <param name="withSteps">Whether passages of the sub-queries are fetched too, as IterDRAG's examples show them.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>At most m, in the order of the selection: the fixed and the random one are the same for every question that leaves none of them out.</returns>
    public async Task<IReadOnlyList<PreparedDemonstration>> SelectAsync(
        string question, int m, int k, bool withSteps, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        List<PreparedDemonstration> selected = [];
        foreach (var demonstration in await _order.TakeAsync(question, m, _guard.For(question), cancellationToken).ConfigureAwait(false))
        {
            selected.Add(await PrepareAsync(demonstration, Math.Min(k, _options.K ?? k), withSteps, cancellationToken).ConfigureAwait(false));
        }

        return selected;
    }

    private async Task<PreparedDemonstration> PrepareAsync(Demonstration demonstration, int k, bool withSteps, CancellationToken cancellationToken)
    {
        var key = (demonstration.Id, k, withSteps);
        if (_prepared.TryGetValue(key, out var prepared))
        {
            return prepared;
        }

        // What two passages or two rankings hold is shown once, with the first.
        HashSet<Passage> held = new(SamePassageText.Comparer);
        List<IReadOnlyList<Passage>> batches = [];
        foreach (var ranking in k == 0 ? [] : await RankingsAsync(demonstration, k, withSteps, cancellationToken).ConfigureAwait(false))
        {
            batches.Add([.. ranking.Distinct(SamePassageText.Comparer).Take(k).Where(held.Add)]);
        }

        return _prepared.GetOrAdd(key, new PreparedDemonstration(demonstration, batches));
    }

    private async Task<IEnumerable<IReadOnlyList<Passage>>> RankingsAsync(Demonstration demonstration, int k, bool withSteps, CancellationToken cancellationToken)
    {
        if (demonstration.Rankings is { } stored)
        {
            return stored.Take(withSteps ? stored.Count : 1);
        }

        return _retriever is null ? [] : await RankAsync(demonstration, k, withSteps, _retriever, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Retrieves for a demonstration's question and, if asked, for each of its steps.</summary>
    internal static async Task<IReadOnlyList<IReadOnlyList<Passage>>> RankAsync(
        Demonstration demonstration, int k, bool withSteps, IRetriever retriever, CancellationToken cancellationToken)
    {
        List<IReadOnlyList<Passage>> rankings = [];
        foreach (var query in withSteps ? demonstration.Steps.Select(step => step.SubQuery).Prepend(demonstration.Question) : [demonstration.Question])
        {
            var ranking = await retriever.RetrieveDistinctAsync(new RetrievalQuery(query, k), cancellationToken).ConfigureAwait(false);
            rankings.Add([.. ranking.Passages.Select(passage => passage.Passage)]);
        }

        return rankings;
    }
}
