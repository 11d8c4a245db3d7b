namespace AgentRag.Indexing;

/// <summary>A segment turned round, passage by passage instead of term by term, so that parts of it can be taken over into a new one.</summary>
internal sealed class SegmentCopy
{
    private readonly int[] _documentEnds;
    private readonly int[] _passageEnds;
    private readonly int[] _terms;
    private readonly int[] _frequencies;

    public SegmentCopy(IndexSegment segment)
    {
        Segment = segment;
        TermMap = new int[segment.Terms.Count];
        Array.Fill(TermMap, -1);

        // The files' documents were added one after the other, so a document's passages are neighbours.
        _documentEnds = new int[segment.DocumentCount];
        foreach (var document in segment.PassageDocuments)
        {
            _documentEnds[document]++;
        }

        Accumulate(_documentEnds);
        _passageEnds = new int[segment.PassageCount];
        foreach (var passage in segment.PostingPassages)
        {
            _passageEnds[passage]++;
        }

        Accumulate(_passageEnds);
        (_terms, _frequencies) = (new int[segment.PostingPassages.Length], new int[segment.PostingPassages.Length]);
        var next = new int[segment.PassageCount];
        for (var passage = 1; passage < next.Length; passage++)
        {
            next[passage] = _passageEnds[passage - 1];
        }

        for (var (term, posting) = (0, 0); term < segment.PostingEnds.Length; term++)
        {
            for (; posting < segment.PostingEnds[term]; posting++)
            {
                var target = next[segment.PostingPassages[posting]]++;
                (_terms[target], _frequencies[target]) = (term, segment.PostingFrequencies[posting]);
            }
        }
    }

    public IndexSegment Segment { get; }

    /// <summary>For each term, its index in the new segment; -1 while it has none.</summary>
    public int[] TermMap { get; }

    public IEnumerable<int> PassagesOf(int document)
    {
        for (var passage = document == 0 ? 0 : _documentEnds[document - 1]; passage < _documentEnds[document]; passage++)
        {
            yield return passage;
        }
    }

    public IEnumerable<(int Term, int Frequency)> TermsOf(int passage)
    {
        for (var slot = passage == 0 ? 0 : _passageEnds[passage - 1]; slot < _passageEnds[passage]; slot++)
        {
            yield return (_terms[slot], _frequencies[slot]);
        }
    }

    private static void Accumulate(int[] counts)
    {
        for (var i = 1; i < counts.Length; i++)
        {
            counts[i] += counts[i - 1];
        }
    }
}
