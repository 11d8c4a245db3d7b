using System.Runtime.InteropServices;
using System.Text;
using AgentRag.Indexing;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>The different terms of one query that the index holds, in the order of their first mention. Used again and again.</summary>
internal sealed class QueryTerms
{
    private const int MaxTerms = 8192;

    private byte[] _utf8 = new byte[1024];
    private QueryTerm[] _terms = new QueryTerm[32];
    private int[] _numbers = new int[64];
    private int _segments;

    public int Count { get; private set; }

    /// <summary>Sum of all weights: no score is greater.</summary>
    public double TotalWeight { get; private set; }

    public ref readonly QueryTerm this[int term] => ref _terms[term];

    /// <summary>Number of a term in a segment, or -1.</summary>
    public int NumberIn(int segment, int term) => _numbers[(term * _segments) + segment];

    /// <summary>The term as a string, for explanations.</summary>
    public string TextOf(int term) => Encoding.UTF8.GetString(_utf8, _terms[term].Start, _terms[term].Length);

    /// <summary>Finds the terms of a query.</summary>
    /// <exception cref="AgentRagException">There are too many.</exception>
    public void Read(ReadOnlySpan<char> query, Bm25Index index)
    {
        (Count, TotalWeight, _segments) = (0, 0, index.Segments.Length);
        var end = 0;
        var reader = new TermReader(query, index.Analyzer.Options, stackalloc char[TermReader.BufferLength]);
        while (reader.MoveNext())
        {
            if (_utf8.Length - end < TermReader.BufferLength * 3)
            {
                Array.Resize(ref _utf8, _utf8.Length * 2);
            }

            var bytes = _utf8.AsSpan(end, Encoding.UTF8.GetBytes(reader.Current, _utf8.AsSpan(end)));
            if (!CountAgain(bytes))
            {
                Add(end, bytes.Length);
                end += bytes.Length;
            }
        }

        var kept = 0;
        for (var term = 0; term < Count; term++)
        {
            var passages = FindNumbers(index.Segments, _utf8.AsSpan(_terms[term].Start, _terms[term].Length), kept);
            if (passages > 0)
            {
                var idf = Bm25.Idf(index.PassageCount, passages);
                _terms[kept] = _terms[term] with { Passages = passages, Idf = idf, Weight = _terms[term].Count * idf };
                TotalWeight += _terms[kept++].Weight;
            }
        }

        Count = kept;
    }

    private bool CountAgain(ReadOnlySpan<byte> bytes)
    {
        var hash = IdHashes.Of(bytes);
        for (var term = 0; term < Count; term++)
        {
            if (_terms[term].Hash == hash && _utf8.AsSpan(_terms[term].Start, _terms[term].Length).SequenceEqual(bytes))
            {
                _terms[term].Count++;
                return true;
            }
        }

        return false;
    }

    private void Add(int start, int length)
    {
        if (Count == MaxTerms)
        {
            throw new AgentRagException($"The query has more than {MaxTerms:N0} different words: shorten it.");
        }

        if (Count == _terms.Length)
        {
            Array.Resize(ref _terms, Count * 2);
        }

        _terms[Count++] = new() { Start = start, Length = length, Hash = IdHashes.Of(_utf8.AsSpan(start, length)), Count = 1 };
    }

    private int FindNumbers(LiveSegment[] segments, ReadOnlySpan<byte> bytes, int term)
    {
        if (_numbers.Length < (term + 1) * _segments)
        {
            Array.Resize(ref _numbers, (term + 1) * _segments * 2);
        }

        var passages = 0;
        for (var segment = 0; segment < segments.Length; segment++)
        {
            var number = _numbers[(term * _segments) + segment] = segments[segment].Segment.FindTerm(bytes);
            passages += number < 0 ? 0 : segments[segment].PassagesWith(number);
        }

        return passages;
    }
}

/// <summary>A term of a query.</summary>
[StructLayout(LayoutKind.Auto)]
internal record struct QueryTerm
{
    public int Start { get; init; }

    public int Length { get; init; }

    public uint Hash { get; init; }

    /// <summary>Mentions in the query.</summary>
    public int Count { get; set; }

    /// <summary>Passages of the index with the term.</summary>
    public int Passages { get; init; }

    public double Idf { get; init; }

    /// <summary>Mentions times idf.</summary>
    public double Weight { get; init; }
}
