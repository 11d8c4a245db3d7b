using System.Text;
using AgentRag.Documents;

namespace AgentRag.Indexing.Segments;

/// <summary>Makes a segment of documents and passages. Texts go to the stream at once; counts of terms wait in memory.</summary>
internal sealed class SegmentBuilder
{
    private readonly SegmentWriter _writer;
    private readonly TermCounts _terms;

    /// <param name="stream">Where the segment is written to; it must be able to seek.</param>
    /// <param name="analyzer">Finds the terms of title, headings and text.</param>
    public SegmentBuilder(Stream stream, AnalyzerOptions analyzer) => (_writer, _terms) = (new(stream), new(analyzer));

    public int DocumentCount => _writer.DocumentCount;

    public int PassageCount => _writer.PassageCount;

    /// <summary>Pairs of passage and term so far: what decides about the memory in use.</summary>
    public long Postings => _terms.Postings;

    /// <summary>Whether no further passage fits, whatever the memory.</summary>
    public bool IsFull => PassageCount >= TermCounts.MaxNumber / 2 || _terms.TermCount >= TermCounts.MaxNumber / 2;

    public void AddDocument(string id, string title, string source, IReadOnlyDictionary<string, IReadOnlyList<string>> metadata)
    {
        _writer.AddDocument(Encoding.UTF8.GetBytes(id), Encoding.UTF8.GetBytes(title), Encoding.UTF8.GetBytes(source));
        foreach (var (name, values) in MetadataBuilder.Normal(metadata))
        {
            foreach (var value in values)
            {
                _writer.Metadata.Add(_writer.Metadata.NumberOf($"{name}{(char)MetadataWriter.Separator}{value}"));
            }
        }
    }

    /// <summary>Adds a passage of any document added before.</summary>
    public void AddPassage(Passage passage, int document)
    {
        _terms.BeginPassage();
        _terms.Add(passage.Title);
        foreach (var heading in passage.HeadingPath)
        {
            _terms.Add(heading);
        }

        _terms.Add(passage.Text);
        var headings = passage.HeadingPath.Count == 0 ? null : string.Join('\n', passage.HeadingPath);
        _writer.AddPassage(document, new(passage.Id, headings, passage.Start, passage.End, passage.Text), passage.TokenCount, _terms.EndPassage());
    }

    /// <summary>Ends the segment.</summary>
    /// <param name="files">The files in the order of their documents.</param>
    /// <returns>The segment's checksum.</returns>
    public uint Finish(IReadOnlyList<FileEntry> files)
    {
        _writer.BeginTerms();
        _terms.WriteTo(_writer);
        return _writer.Finish(files);
    }
}
