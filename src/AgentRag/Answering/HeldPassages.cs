using AgentRag.Documents;
using AgentRag.Prompting;
using AgentRag.Retrieval;

namespace AgentRag.Answering;

/// <summary>The passages that a question has brought together so far: each text once, numbered in the order in which they came.</summary>
/// <remarks>Safe for concurrent use; numbers go by the order in which retrievals are added.</remarks>
internal sealed class HeldPassages
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _indexOfId = new(StringComparer.Ordinal);
    private readonly Dictionary<Passage, int> _indexOfText = new(SamePassageText.Comparer);
    private readonly List<NumberedPassage> _passages = [];
    private readonly HashSet<string> _copies = new(StringComparer.Ordinal);
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

    /// <summary>Ids of the passages that were retrieved and left out because one that is held says the same.</summary>
    public IReadOnlyList<string> Copies
    {
        get
        {
            lock (_lock)
            {
                return [.. _copies];
            }
        }
    }

    /// <summary>Adds the passages of one retrieval that are not held yet, as a batch of their own.</summary>
    /// <returns>The passages as they are held, in the order of the ranking; how many of them are new; and how many were left out for the first time because one that
    /// is held says the same.</returns>
    public (IReadOnlyList<RankedPassage> Passages, int Added, int Copies) Add(DistinctRanking ranking)
    {
        lock (_lock)
        {
            var (before, copies) = (_passages.Count, _copies.Count);
            List<RankedPassage> held = [];
            foreach (var ranked in ranking.Passages)
            {
                var index = IndexOf(ranked.Passage);
                if (index == _passages.Count)
                {
                    _passages.Add(new NumberedPassage(_passages.Count + 1, _batches, ranked.Rank, ranked.Passage));
                }
                else
                {
                    // It keeps its place and number in the prompt, but what a sub-query ranks high is not trimmed as low-ranked.
                    _passages[index] = _passages[index] with { BestRank = Math.Min(_passages[index].BestRank, ranked.Rank) };
                }

                held.Add(ranked with { Passage = _passages[index].Passage });
            }

            // What another ranking calls a copy may be the passage that is held.
            _copies.UnionWith(ranking.Copies.Select(copy => copy.Passage.Id).Where(id => !_indexOfId.TryGetValue(id, out var index) || _passages[index].Passage.Id != id));
            _batches++;
            return (held, _passages.Count - before, _copies.Count - copies);
        }
    }

    // Where a passage is held, itself or in the same words; the end of the list where it is not.
    private int IndexOf(Passage passage)
    {
        if (_indexOfId.TryGetValue(passage.Id, out var index))
        {
            return index;
        }

        if (!_indexOfText.TryGetValue(passage, out index))
        {
            _indexOfText.Add(passage, index = _passages.Count);
        }
        else
        {
            _copies.Add(passage.Id);
        }

        _indexOfId.Add(passage.Id, index);
        return index;
    }

    /// <summary>Holds again what an earlier run of the question held.</summary>
    /// <param name="held">Its passages, in the order of their numbers.</param>
    /// <param name="passages">Their texts, in the same order.</param>
    /// <param name="batches">Its retrievals.</param>
    /// <param name="copies">Ids of what it left out because another passage says the same.</param>
    public void Restore(IReadOnlyList<HeldPassage> held, IReadOnlyList<Passage> passages, int batches, IReadOnlyList<string> copies)
    {
        lock (_lock)
        {
            foreach (var (place, passage) in held.Zip(passages))
            {
                _indexOfId.Add(passage.Id, _passages.Count);
                _indexOfText.TryAdd(passage, _passages.Count);
                _passages.Add(new NumberedPassage(_passages.Count + 1, place.Batch, place.Rank, passage) { BestRank = place.BestRank });
            }

            _copies.UnionWith(copies);
            _batches = batches;
        }
    }
}
