using System.Text;
using AgentRag.Documents;

namespace AgentRag.Indexing.Segments;

/// <summary>Reads the metadata of a segment's documents.</summary>
internal sealed class SegmentMetadata
{
    private readonly Segment _segment;

    /// <exception cref="AgentRagException">It does not hold together.</exception>
    public SegmentMetadata(Segment segment)
    {
        _segment = segment;
        if (!IsRising(Ends, segment.Section<byte>(SegmentSection.MetadataText).Length)
            || (RowEnds.Length != 0 && RowEnds.Length != segment.DocumentCount)
            || !IsRising(RowEnds, Rows.Length)
            || (Rows.Length > 0 && Rows.ContainsAnyExceptInRange(0, PairCount - 1)))
        {
            throw segment.Damaged("has damaged metadata");
        }
    }

    private ReadOnlySpan<uint> Ends => _segment.Section<uint>(SegmentSection.MetadataEnds);

    private ReadOnlySpan<int> Rows => _segment.Section<int>(SegmentSection.MetadataRows);

    private ReadOnlySpan<uint> RowEnds => _segment.Section<uint>(SegmentSection.MetadataRowEnds);

    /// <summary>Different pairs of field and value.</summary>
    public int PairCount => Ends.Length;

    /// <summary>A pair: the field, <see cref="MetadataWriter.Separator"/>, the value.</summary>
    public ReadOnlySpan<byte> Pair(int number) => _segment.Section<byte>(SegmentSection.MetadataText)[(number == 0 ? 0 : (int)Ends[number - 1])..(int)Ends[number]];

    /// <summary>The numbers of a document's pairs, in the document's order.</summary>
    public ReadOnlySpan<int> PairsOf(int document)
    {
        var ends = RowEnds;
        return ends.IsEmpty ? [] : Rows[(document == 0 ? 0 : (int)ends[document - 1])..(int)ends[document]];
    }

    /// <summary>The metadata of a document.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Of(int document)
    {
        var pairs = PairsOf(document);
        if (pairs.IsEmpty)
        {
            return MetadataBuilder.None;
        }

        Dictionary<string, IReadOnlyList<string>> fields = new(StringComparer.Ordinal);
        foreach (var number in pairs)
        {
            var pair = Pair(number);
            var separator = pair.IndexOf(MetadataWriter.Separator);
            if (separator < 0)
            {
                throw _segment.Damaged("has damaged metadata");
            }

            var name = Encoding.UTF8.GetString(pair[..separator]);
            if (!fields.TryGetValue(name, out var values))
            {
                fields.Add(name, values = new List<string>());
            }

            ((List<string>)values).Add(Encoding.UTF8.GetString(pair[(separator + 1)..]));
        }

        return fields;
    }

    /// <summary>The pairs of a field with one of some values.</summary>
    /// <returns>Their numbers; empty when no document has one of them.</returns>
    public HashSet<int> Find(string name, IEnumerable<string> values)
    {
        HashSet<int> found = [];
        foreach (var value in values)
        {
            var wanted = Encoding.UTF8.GetBytes($"{MetadataBuilder.NameOf(name)}{(char)MetadataWriter.Separator}{value}");
            var (low, high) = (0, PairCount - 1);
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = Pair(middle).SequenceCompareTo(wanted);
                if (order == 0)
                {
                    found.Add(middle);
                    break;
                }

                (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
            }
        }

        return found;
    }

    private static bool IsRising(ReadOnlySpan<uint> ends, int last)
    {
        var before = 0u;
        foreach (var end in ends)
        {
            if (end < before)
            {
                return false;
            }

            before = end;
        }

        return before == last;
    }
}
