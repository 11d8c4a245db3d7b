using System.Collections.Concurrent;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Retrieval;

namespace AgentRag.Demonstrations;

/// <summary>A pool of worked examples with the corpus their passages come from: chooses m for a question and fetches their passages.</summary>
/// <remarks>
/// In DRAG every demonstration carries its own k passages, found by the same kind of retriever as the question's (paper section 4.1). Prepared
/// demonstrations are kept, so each is retrieved once for each k. Safe for concurrent use.
/// </remarks>
public sealed class DemonstrationStore
{
    private readonly IReadOnlyList<Demonstration> _pool;
    private readonly IRetriever? _retriever;
    private readonly ConcurrentDictionary<(string Id, int K, bool WithSteps), PreparedDemonstration> _prepared = new();

    private DemonstrationStore(IReadOnlyList<Demonstration> pool, IRetriever? retriever) => (_pool, _retriever) = (pool, retriever);

    /// <summary>A store without demonstrations: every m becomes 0.</summary>
    public static DemonstrationStore Empty { get; } = new([], retriever: null);

    /// <summary>Number of demonstrations in the pool.</summary>
    public int Count => _pool.Count;

    /// <summary>Makes a store from labelled questions.</summary>
    /// <param name="questions">The pool, in the order in which demonstrations are taken.</param>
    /// <param name="retriever">Finds passages in the corpus that the questions are about.</param>
    public static DemonstrationStore From(IEnumerable<LabelledQuestion> questions, IRetriever retriever)
    {
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(retriever);
        return new DemonstrationStore([.. questions.Select(ToDemonstration)], retriever);
    }

    /// <summary>Chooses demonstrations for a question.</summary>
    /// <param name="question">The question to be answered; a demonstration that asks the same is left out, as it would give the answer away.</param>
    /// <param name="m">How many, ≥ 0; fewer when the pool is smaller.</param>
    /// <param name="k">Passages for each question, and for each sub-query; ≥ 0.</param>
    /// <param name="withSteps">Whether passages of the sub-queries are fetched too, as IterDRAG's examples show them.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The first m of the pool that fit: the same ones for every question, so that the prompt's beginning can be cached.</returns>
    public async Task<IReadOnlyList<PreparedDemonstration>> SelectAsync(
        string question, int m, int k, bool withSteps, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        var asked = QuestionKey.Of(question);
        List<PreparedDemonstration> selected = [];
        foreach (var demonstration in _pool.Where(demonstration => QuestionKey.Of(demonstration.Question) != asked).Take(m))
        {
            selected.Add(await PrepareAsync(demonstration, k, withSteps, cancellationToken).ConfigureAwait(false));
        }

        return selected;
    }

    private static Demonstration ToDemonstration(LabelledQuestion question)
    {
        List<SelfAskStep> steps = [];
        foreach (var step in question.Decomposition)
        {
            steps.Add(new SelfAskStep(Resolve(step.Question), step.Answer));
        }

        return new Demonstration
        {
            Id = question.Id,
            Question = question.Question,
            Answer = question.IsAnswerable ? question.Answers[0] : "not found",
            Steps = steps,
            Supporting = question.Supporting,
            Source = question.Source,
        };

        // Backwards, so that #1 does not eat the beginning of #12.
        string Resolve(string text)
        {
            for (var i = steps.Count; i >= 1; i--)
            {
                text = text.Replace($"#{i}", steps[i - 1].IntermediateAnswer, StringComparison.Ordinal);
            }

            return text;
        }
    }

    private async Task<PreparedDemonstration> PrepareAsync(Demonstration demonstration, int k, bool withSteps, CancellationToken cancellationToken)
    {
        var key = (demonstration.Id, k, withSteps);
        if (_prepared.TryGetValue(key, out var prepared))
        {
            return prepared;
        }

        List<IReadOnlyList<Passage>> batches = [];
        HashSet<string> held = [];
        var queries = withSteps ? demonstration.Steps.Select(step => step.SubQuery).Prepend(demonstration.Question) : [demonstration.Question];
        foreach (var query in k > 0 && _retriever is not null ? queries : [])
        {
            var ranked = await _retriever!.RetrieveAsync(new RetrievalQuery(query, k), cancellationToken).ConfigureAwait(false);
            batches.Add([.. ranked.Select(passage => passage.Passage).Where(passage => held.Add(passage.Id))]);
        }

        return _prepared.GetOrAdd(key, new PreparedDemonstration(demonstration, batches));
    }
}
