using AgentRag.Prompting;
using AgentRag.Retrieval;

namespace AgentRag.Answering;

/// <summary>The passages that a question has brought together so far: each once, numbered in the order in which they came.</summary>
internal sealed class HeldPassages
{
    private readonly Dictionary<string, int> _indexOfId = new(StringComparer.Ordinal);
    private readonly List<NumberedPassage> _passages = [];
    private int _batches;

    public IReadOnlyList<NumberedPassage> Passages => [.. _passages];

    /// <summary>Adds the passages of one retrieval that are not held yet, as a batch of their own.</summary>
    /// <returns>How many were new.</returns>
    public int Add(IReadOnlyList<RankedPassage> ranked)
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
