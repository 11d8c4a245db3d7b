using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing.Segments;

/// <summary>Collects the metadata of a segment's documents: each different pair of field and value once, and per document the numbers of its pairs.</summary>
internal sealed class MetadataWriter
{
    /// <summary>Stands between field and value; neither holds it.</summary>
    public const byte Separator = 0;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly StringTableBuilder _pairs = new();
    private readonly List<int> _rows = [];
    private readonly List<uint> _rowEnds = [];

    /// <summary>Begins the next document.</summary>
    public void BeginDocument() => _rowEnds.Add((uint)_rows.Count);

    /// <summary>The number of a pair; new ones get the next.</summary>
    public int NumberOf(string pair)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, pair, out var isKnown);
        if (!isKnown)
        {
            number = _pairs.Count;
            _pairs.Add(pair);
        }

        return number;
    }

    public int NumberOf(ReadOnlySpan<byte> pair) => NumberOf(Encoding.UTF8.GetString(pair));

    /// <summary>Gives the document at hand a pair.</summary>
    public void Add(int number)
    {
        _rows.Add(number);
        CollectionsMarshal.AsSpan(_rowEnds)[^1] = (uint)_rows.Count;
    }

    /// <summary>Writes the sections, with the pairs in the order of their bytes; documents without any pair take no room.</summary>
    public void WriteTo(SegmentStream stream)
    {
        var order = Enumerable.Range(0, _pairs.Count).ToArray();
        Array.Sort(order, (x, y) => _pairs.Bytes(x).SequenceCompareTo(_pairs.Bytes(y)));
        var (sorted, place) = (new StringTableBuilder(), new int[order.Length]);
        for (var i = 0; i < order.Length; i++)
        {
            sorted.Add(_pairs.Bytes(order[i]));
            place[order[i]] = i;
        }

        stream.Write(SegmentSection.MetadataText, sorted.Utf8);
        stream.Write(SegmentSection.MetadataEnds, sorted.Ends);
        stream.Write<int>(SegmentSection.MetadataRows, _rows.ConvertAll(number => place[number]).ToArray());
        stream.Write<uint>(SegmentSection.MetadataRowEnds, _rows.Count == 0 ? [] : CollectionsMarshal.AsSpan(_rowEnds));
    }
}
