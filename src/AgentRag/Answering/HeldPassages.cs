using AgentRag.Documents;
using AgentRag.Prompting;
using AgentRag.Retrieval;

namespace AgentRag.Answering;

/// <summary>The passages that a question has brought together so far: each once, numbered in the order in which they came.</summary>
/// <remarks>Safe for concurrent use; numbers go by the order in which retrievals are added.</remarks>
internal sealed class HeldPassages
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _indexOfId = new(StringComparer.Ordinal);
    private readonly List<NumberedPassage> _passages = [];
    private int _batches;

    public IReadOnlyList<NumberedPassage> Passages
    {
        get
        {
            lock (_lock)
            {
                return [.. _passages];
            }
        }
    }

    /// <summary>Retrievals added, those that brought nothing included.</summary>
    public int Batches
    {
        get
        {
            lock (_lock)
            {
                return _batches;
            }
        }
    }

    /// <summary>Adds the passages of one retrieval that are not held yet, as a batch of their own.</summary>
    /// <returns>How many were new.</returns>
    public int Add(IReadOnlyList<RankedPassage> ranked)
    {
        lock (_lock)
        {
            var before = _passages.Count;
            foreach (var passage in ranked)
            {
                if (_indexOfId.TryAdd(passage.Passage.Id, _passages.Count))
                {
                    _passages.Add(new NumberedPassage(_passages.Count + 1, _batches, passage.Rank, passage.Passage));
                }
                else
                {
                    // It keeps its place and number in the prompt, but what a sub-query ranks high is not trimmed as low-ranked.
                    var held = _indexOfId[passage.Passage.Id];
                    _passages[held] = _passages[held] with { BestRank = Math.Min(_passages[held].BestRank, passage.Rank) };
                }
            }

            _batches++;
            return _passages.Count - before;
        }
    }

    /// <summary>Holds again what an earlier run of the question held.</summary>
    /// <param name="held">Its passages, in the order of their numbers.</param>
    /// <param name="passages">Their texts, in the same order.</param>
    /// <param name="batches">Its retrievals.</param>
    public void Restore(IReadOnlyList<HeldPassage> held, IReadOnlyList<Passage> passages, int batches)
    {
        lock (_lock)
        {
            foreach (var (place, passage) in held.Zip(passages))
            {
                _indexOfId.Add(passage.Id, _passages.Count);
                _passages.Add(new NumberedPassage(_passages.Count + 1, place.Batch, place.Rank, passage) { BestRank = place.BestRank });
            }

            _batches = batches;
        }
    }
}
