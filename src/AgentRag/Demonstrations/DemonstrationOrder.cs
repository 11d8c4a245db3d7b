using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Retrieval;

namespace AgentRag.Demonstrations;

/// <summary>Puts the demonstrations of a pool into the order in which a question takes them.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class DemonstrationOrder
{
    private readonly IReadOnlyList<Demonstration> _pool;
    private readonly DemonstrationOptions _options;
    private readonly Lazy<IReadOnlyList<Demonstration>> _shuffled;
    private readonly Lazy<IRetriever> _questions;
    private readonly Lazy<(QuestionVectors Vectors, Dictionary<string, IReadOnlyDictionary<string, double>> OfId)> _vectors;

    public DemonstrationOrder(IReadOnlyList<Demonstration> pool, DemonstrationOptions options)
    {
        (_pool, _options) = (pool, options);
        _shuffled = new(() => [.. pool.OrderBy(demonstration => Draw(demonstration.Id)).ThenBy(demonstration => demonstration.Id, StringComparer.Ordinal)]);
        _questions = new(() => options.Questions ?? new Bm25Retriever(Bm25Index.Build(pool.Select(AsPassage))));
        _vectors = new(() =>
        {
            var vectors = new QuestionVectors(pool.Select(demonstration => demonstration.Question));
            return (vectors, pool.ToDictionary(demonstration => demonstration.Id, demonstration => vectors.Of(demonstration.Question), StringComparer.Ordinal));
        });
    }

    /// <summary>The demonstrations that a question takes.</summary>
    /// <param name="question">The question; when it is empty there is nothing to compare with, and the pool's order stands.</param>
    /// <param name="m">How many, ≥ 0.</param>
    /// <param name="allowed">Which may be taken.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<IReadOnlyList<Demonstration>> TakeAsync(
        string question, int m, Func<Demonstration, bool> allowed, CancellationToken cancellationToken)
    {
        if (m == 0 || _pool.Count == 0)
        {
            return [];
        }

        return _options.Selection switch
        {
            DemonstrationSelection.Random => [.. _shuffled.Value.Where(allowed).Take(m)],
            DemonstrationSelection.Nearest when !string.IsNullOrWhiteSpace(question) =>
                [.. (await NearestAsync(question, cancellationToken).ConfigureAwait(false)).Where(allowed).Take(m)],
            DemonstrationSelection.Diverse when !string.IsNullOrWhiteSpace(question) => Diverse(question, m, [.. _pool.Where(allowed)]),
            _ => [.. _pool.Where(allowed).Take(m)],
        };
    }

    private static Passage AsPassage(Demonstration demonstration) => new()
    {
        Id = demonstration.Id,
        DocumentId = demonstration.Id,
        Title = "",
        Source = "",
        Start = 0,
        End = demonstration.Question.Length,
        Text = demonstration.Question,
        ContentHash = "",
        TokenCount = 0,
    };

    // Of seed and id alone: a demonstration more or less leaves the order of the others.
    private ulong Draw(string id) => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{_options.Seed}\n{id}")));

    private async Task<IEnumerable<Demonstration>> NearestAsync(string question, CancellationToken cancellationToken)
    {
        var query = new RetrievalQuery(question, Math.Min(_pool.Count, RetrievalQuery.MaxK));
        var ranked = await _questions.Value.RetrieveAsync(query, cancellationToken).ConfigureAwait(false);
        var places = ranked.Select((passage, place) => (passage.Passage.DocumentId, place)).DistinctBy(found => found.DocumentId)
            .ToDictionary(found => found.DocumentId, found => found.place, StringComparer.Ordinal);
        // Those that share no word with the question come behind, in the pool's order: the sort is stable.
        return _pool.OrderBy(demonstration => places.GetValueOrDefault(demonstration.Id, int.MaxValue));
    }

    private List<Demonstration> Diverse(string question, int m, List<Demonstration> candidates)
    {
        var (vectors, ofId) = _vectors.Value;
        var asked = vectors.Of(question);
        var relevance = candidates.ConvertAll(candidate => QuestionVectors.Cosine(asked, ofId[candidate.Id]));
        var likest = new double[candidates.Count];
        var isTaken = new bool[candidates.Count];
        List<Demonstration> taken = [];
        while (taken.Count < Math.Min(m, candidates.Count))
        {
            var best = -1;
            var bestScore = double.NegativeInfinity;
            for (var i = 0; i < candidates.Count; i++)
            {
                var score = (_options.Relevance * relevance[i]) - ((1 - _options.Relevance) * likest[i]);
                (best, bestScore) = !isTaken[i] && score > bestScore ? (i, score) : (best, bestScore);
            }

            isTaken[best] = true;
            taken.Add(candidates[best]);
            for (var i = 0; i < candidates.Count; i++)
            {
                likest[i] = Math.Max(likest[i], QuestionVectors.Cosine(ofId[candidates[best].Id], ofId[candidates[i].Id]));
            }
        }

        return taken;
    }
}
