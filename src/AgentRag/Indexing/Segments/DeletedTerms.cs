using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>Finds the terms of passages that are deleted: the stored text is analysed once more, so the cost is that of what changed alone.</summary>
internal sealed class DeletedTerms(Segment segment, AnalyzerOptions analyzer)
{
    private readonly HashSet<int> _terms = [];

    /// <summary>Counts the passage once for each of its terms.</summary>
    public void Count(int passage, SortedDictionary<int, int> counts)
    {
        _terms.Clear();
        var stored = segment.Stored(passage);
        AddTerms(segment.DocumentTitle(segment.PassageDocuments[passage]));
        AddTerms(stored.HeadingPath ?? "");
        AddTerms(stored.Text);
        foreach (var term in _terms)
        {
            counts[term] = counts.GetValueOrDefault(term) + 1;
        }
    }

    private void AddTerms(string text)
    {
        var reader = new TermReader(text, analyzer, stackalloc char[TermReader.BufferLength]);
        Span<byte> utf8 = stackalloc byte[TermReader.BufferLength * 3];
        while (reader.MoveNext())
        {
            var term = segment.FindTerm(utf8[..Encoding.UTF8.GetBytes(reader.Current, utf8)]);
            _terms.Add(term >= 0 ? term : throw segment.Damaged("lacks a term of one of its passages"));
        }
    }
}
