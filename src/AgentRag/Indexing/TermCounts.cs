using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>Counts the terms of one passage after the other, then turns the counts into postings.</summary>
internal sealed class TermCounts
{
    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly List<string> _terms = [];

    // Per term, where its count of the latest passage stands; a slot before the passage's first is an older passage's.
    private readonly List<int> _slotOfTerm = [];

    // Per slot, that is per pair of passage and term.
    private readonly List<int> _slotTerms = [];
    private readonly List<int> _slotFrequencies = [];
    private readonly List<int> _passageEnds = [];
    private int _firstSlot;
    private int _length;

    public TermCounts() => _bySpan = _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();

    public void BeginPassage() => (_firstSlot, _length) = (_slotTerms.Count, 0);

    /// <summary>Counts one occurrence.</summary>
    public void Add(ReadOnlySpan<char> term)
    {
        if (!_bySpan.TryGetValue(term, out var index))
        {
            index = NewTerm(term.ToString());
        }

        Add(index, frequency: 1);
    }

    /// <summary>Counts the occurrences of a term of another segment.</summary>
    /// <param name="terms">The other segment's terms.</param>
    /// <param name="term">The term's index there.</param>
    /// <param name="frequency">Its occurrences in the passage.</param>
    /// <param name="map">Index here for each index there, -1 while unknown; filled on the way.</param>
    public void Add(StringTable terms, int term, int frequency, int[] map)
    {
        if (map[term] < 0)
        {
            var text = terms[term];
            map[term] = _vocabulary.TryGetValue(text, out var index) ? index : NewTerm(text);
        }

        Add(map[term], frequency);
    }

    /// <summary>Ends the passage.</summary>
    /// <returns>Its length in terms.</returns>
    public int EndPassage()
    {
        _passageEnds.Add(_slotTerms.Count);
        return _length;
    }

    /// <summary>Sorts the terms by their bytes and the counts by term.</summary>
    public (StringTable Terms, int[] Ends, int[] Passages, int[] Frequencies) Invert()
    {
        var utf8 = _terms.ConvertAll(Encoding.UTF8.GetBytes).ToArray();
        var order = new int[utf8.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(utf8, order, Comparer<byte[]>.Create(static (x, y) => x.AsSpan().SequenceCompareTo(y)));
        var sorted = new StringTableBuilder();
        var rank = new int[order.Length];
        for (var i = 0; i < order.Length; i++)
        {
            sorted.Add(utf8[i]);
            rank[order[i]] = i;
        }

        // A counting sort: first how many postings a term has, then where they go. Passages come in order, so each list is sorted.
        var slotTerms = CollectionsMarshal.AsSpan(_slotTerms);
        var slotFrequencies = CollectionsMarshal.AsSpan(_slotFrequencies);
        var ends = new int[rank.Length];
        foreach (var term in slotTerms)
        {
            ends[rank[term]]++;
        }

        var next = new int[rank.Length];
        for (var (term, sum) = (0, 0); term < ends.Length; term++)
        {
            next[term] = sum;
            ends[term] = sum += ends[term];
        }

        var (passages, frequencies) = (new int[slotTerms.Length], new int[slotTerms.Length]);
        for (var (passage, slot) = (0, 0); passage < _passageEnds.Count; passage++)
        {
            for (; slot < _passageEnds[passage]; slot++)
            {
                var target = next[rank[slotTerms[slot]]]++;
                (passages[target], frequencies[target]) = (passage, slotFrequencies[slot]);
            }
        }

        return (sorted.ToTable(), ends, passages, frequencies);
    }

    private void Add(int term, int frequency)
    {
        _length += frequency;
        var slot = _slotOfTerm[term];
        if (slot >= _firstSlot)
        {
            _slotFrequencies[slot] += frequency;
            return;
        }

        _slotOfTerm[term] = _slotTerms.Count;
        _slotTerms.Add(term);
        _slotFrequencies.Add(frequency);
    }

    private int NewTerm(string term)
    {
        _vocabulary.Add(term, _terms.Count);
        _terms.Add(term);
        _slotOfTerm.Add(-1);
        return _terms.Count - 1;
    }
}
