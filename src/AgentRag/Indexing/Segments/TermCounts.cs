using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AgentRag.Indexing.Segments;

/// <summary>Counts the terms of one passage after the other, then turns the counts into postings.</summary>
/// <remarks>
/// Four bytes per posting while counting, four more while turning. Known words cost one look-up: stop words and stems are kept with them. Counting waits for
/// memory above all, so words are looked up in groups: while the places of some are on their way, others are read.
/// </remarks>
internal sealed class TermCounts(AnalyzerOptions analyzer)
{
    private const int FrequencyBits = 6;
    private const int EscapedFrequency = (1 << FrequencyBits) - 1;
    private const int ChunkBits = 16;
    private const int MaxKnownWords = 1 << 20;
    private const int StopWord = -1;
    private const int GroupLength = 64;

    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly ShortWords _shortWords = new(MaxKnownWords);
    private readonly Dictionary<string, int> _longWords = new(StringComparer.Ordinal);
    private readonly StringTableBuilder _terms = new();
    private readonly List<TermState> _states = [];
    private readonly ShortWord[] _group = new ShortWord[GroupLength];
    private readonly int[] _groupTerms = new int[GroupLength];
    private int _grouped;

    // The different terms of the passage at hand.
    private readonly List<(int Term, int Frequency)> _passage = [];

    // Term << 6 | frequency, passage by passage; the largest frequencies stand aside.
    private readonly List<uint[]> _slots = [];
    private readonly List<int> _passageSlots = [];
    private readonly Dictionary<(int Passage, int Term), int> _largeFrequencies = [];
    private int _length;

    /// <summary>Largest number of terms and of passages: both share a word with the frequency.</summary>
    public const int MaxNumber = 1 << (32 - FrequencyBits);

    public long Postings { get; private set; }

    public int TermCount => _terms.Count;

    public void BeginPassage()
    {
        _passage.Clear();
        _length = 0;
    }

    /// <summary>Counts the terms of a text.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        var reader = new TermReader(text, analyzer, stackalloc char[TermReader.BufferLength]);
        while (reader.MoveNextWord())
        {
            if (!reader.TryPack(out var word))
            {
                AddLongWord(ref reader);
                continue;
            }

            _group[_grouped++] = word;
            _shortWords.Prefetch(word);
            if (_grouped == GroupLength)
            {
                CountGroup();
            }
        }

        CountGroup();
    }

    /// <summary>Ends the passage.</summary>
    /// <returns>Its length in terms.</returns>
    public int EndPassage()
    {
        var passage = _passageSlots.Count;
        foreach (var (term, frequency) in _passage)
        {
            var offset = (int)(Postings & ((1 << ChunkBits) - 1));
            if (offset == 0)
            {
                _slots.Add(GC.AllocateUninitializedArray<uint>(1 << ChunkBits));
            }

            _slots[^1][offset] = ((uint)term << FrequencyBits) | (uint)Math.Min(frequency, EscapedFrequency);
            Postings++;
            if (frequency >= EscapedFrequency)
            {
                _largeFrequencies.Add((passage, term), frequency);
            }
        }

        _passageSlots.Add(_passage.Count);
        return _length;
    }

    /// <summary>Hands the postings of each term to a segment's writer, in the order of the terms' bytes.</summary>
    public void WriteTo(SegmentWriter writer)
    {
        var order = SortedTerms();
        var next = new int[order.Length];
        var sum = 0;
        foreach (var term in order)
        {
            next[term] = sum;
            sum += _states[term].PassagesWith;
        }

        // A counting sort. Passages come in order, so each list is sorted.
        var postings = GC.AllocateUninitializedArray<uint>(sum);
        var slot = 0L;
        for (var passage = 0; passage < _passageSlots.Count; passage++)
        {
            for (var end = slot + _passageSlots[passage]; slot < end; slot++)
            {
                var value = _slots[(int)(slot >> ChunkBits)][slot & ((1 << ChunkBits) - 1)];
                postings[next[value >> FrequencyBits]++] = ((uint)passage << FrequencyBits) | (value & EscapedFrequency);
            }
        }

        _slots.Clear();
        var (passages, frequencies) = (Array.Empty<int>(), Array.Empty<int>());
        foreach (var term in order)
        {
            var count = _states[term].PassagesWith;
            if (passages.Length < count)
            {
                (passages, frequencies) = (new int[count * 2], new int[count * 2]);
            }

            var source = postings.AsSpan(next[term] - count, count);
            for (var i = 0; i < count; i++)
            {
                (passages[i], frequencies[i]) = ((int)(source[i] >> FrequencyBits), (int)(source[i] & EscapedFrequency));
                if (frequencies[i] == EscapedFrequency)
                {
                    frequencies[i] = _largeFrequencies[(passages[i], term)];
                }
            }

            writer.AddTerm(_terms.Bytes(term), passages.AsSpan(0, count), frequencies.AsSpan(0, count));
        }
    }

    private void AddLongWord(ref TermReader reader)
    {
        var words = _longWords.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!words.TryGetValue(reader.Current, out var term))
        {
            var word = _longWords.Count < MaxKnownWords ? reader.Current.ToString() : null;
            term = reader.MakeTerm() ? Intern(reader.Current) : StopWord;
            if (word is not null)
            {
                _longWords.Add(word, term);
            }
        }

        if (term != StopWord)
        {
            Count(term);
        }
    }

    private void CountGroup()
    {
        var terms = 0;
        for (var i = 0; i < _grouped; i++)
        {
            if (!_shortWords.TryFind(_group[i], out var term))
            {
                term = TermOf(_group[i]);
                _shortWords.Add(_group[i], term);
            }

            if (term != StopWord)
            {
                Prefetch.Line(ref CollectionsMarshal.AsSpan(_states)[term]);
                _groupTerms[terms++] = term;
            }
        }

        foreach (var term in _groupTerms.AsSpan(0, terms))
        {
            Count(term);
        }

        _grouped = 0;
    }

    private int TermOf(ShortWord word)
    {
        Span<char> text = stackalloc char[ShortWords.MaxLength];
        text = text[..word.Unpack(text)];
        var length = TermReader.MakeTerm(text, analyzer);
        return length == 0 ? StopWord : Intern(text[..length]);
    }

    private void Count(int term)
    {
        _length++;
        ref var state = ref CollectionsMarshal.AsSpan(_states)[term];
        if (state.Passage == _passageSlots.Count)
        {
            CollectionsMarshal.AsSpan(_passage)[state.Place].Frequency++;
            return;
        }

        state = new(_passageSlots.Count, _passage.Count, state.PassagesWith + 1);
        _passage.Add((term, 1));
    }

    private int Intern(ReadOnlySpan<char> term)
    {
        var lookup = _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(term, out var number))
        {
            number = _terms.Count;
            lookup[term] = number;
            _terms.Add(term);
            _states.Add(new(-1, 0, 0));
        }

        return number;
    }

    /// <summary>Sorts by the first eight bytes, then the few runs of equal ones by the rest.</summary>
    private int[] SortedTerms()
    {
        var (keys, order) = (new ulong[_terms.Count], new int[_terms.Count]);
        Span<byte> first = stackalloc byte[8];
        for (var term = 0; term < order.Length; term++)
        {
            first.Clear();
            var bytes = _terms.Bytes(term);
            bytes[..Math.Min(8, bytes.Length)].CopyTo(first);
            (keys[term], order[term]) = (BinaryPrimitives.ReadUInt64BigEndian(first), term);
        }

        Array.Sort(keys, order);
        for (int start = 0, end; start < order.Length; start = end)
        {
            for (end = start + 1; end < order.Length && keys[end] == keys[start]; end++)
            {
            }

            order.AsSpan(start, end - start).Sort((x, y) => _terms.Bytes(x).SequenceCompareTo(_terms.Bytes(y)));
        }

        return order;
    }

    /// <summary>What is known of a term while passages are counted.</summary>
    /// <param name="Passage">The last passage it occurred in.</param>
    /// <param name="Place">Its place among the terms of that passage.</param>
    /// <param name="PassagesWith">How many passages it occurred in.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct TermState(int Passage, int Place, int PassagesWith);
}
