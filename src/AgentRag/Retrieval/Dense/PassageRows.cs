using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval.Lexical;

namespace AgentRag.Retrieval.Dense;

/// <summary>Which passages of an index a store's rows stand for: none, one, or several of the same text. Never changes.</summary>
internal sealed class PassageRows
{
    private readonly Bm25Index _index;
    private readonly int[][] _rows;
    private readonly int[] _firstPassages;

    // The passages of row r are _passages[_starts[r].._starts[r + 1]], in the order of the index.
    private readonly int[] _starts;
    private readonly int[] _passages;

    public PassageRows(Bm25Index index, VectorStore store)
    {
        _index = index;
        _rows = Array.ConvertAll(index.Segments, live => store.RowsOf(live.Segment));
        _firstPassages = new int[index.Segments.Length + 1];
        _starts = new int[store.Count + 1];
        for (var segment = 0; segment < _rows.Length; segment++)
        {
            _firstPassages[segment + 1] = checked(_firstPassages[segment] + _rows[segment].Length);
            ForEach(segment, (row, _) => _starts[row + 1]++);
        }

        for (var row = 0; row < store.Count; row++)
        {
            _starts[row + 1] += _starts[row];
        }

        _passages = new int[_starts[^1]];
        var next = _starts.AsSpan(0, store.Count).ToArray();
        for (var segment = 0; segment < _rows.Length; segment++)
        {
            var first = _firstPassages[segment];
            ForEach(segment, (row, passage) => _passages[next[row]++] = first + passage);
        }

        Live = new ulong[(store.Count + 63) / 64];
        for (var row = 0; row < store.Count; row++)
        {
            Live[row >> 6] |= (_starts[row + 1] > _starts[row] ? 1UL : 0) << row;
        }
    }

    /// <summary>Passages that have a vector.</summary>
    public int PassageCount => _passages.Length;

    /// <summary>One bit per row that stands for a passage.</summary>
    public ulong[] Live { get; }

    /// <summary>The passages of a row, numbered through all segments.</summary>
    public ReadOnlySpan<int> Of(int row) => _passages.AsSpan(_starts[row], _starts[row + 1] - _starts[row]);

    /// <summary>The segment that a passage lies in.</summary>
    public int SegmentOf(int passage)
    {
        var segment = 0;
        while (passage >= _firstPassages[segment + 1])
        {
            segment++;
        }

        return segment;
    }

    /// <summary>A passage's number in its segment.</summary>
    public int LocalOf(int segment, int passage) => passage - _firstPassages[segment];

    /// <summary>The passages and rows that a filter lets pass.</summary>
    public (ulong[][] Passages, ulong[] Rows) Filter(PassageFilter filter)
    {
        var passages = Array.ConvertAll(_index.Segments, live => FilterBits.Make(live, filter));
        var rows = new ulong[Live.Length];
        for (var segment = 0; segment < passages.Length; segment++)
        {
            var bits = passages[segment];
            ForEach(segment, (row, passage) =>
            {
                if ((bits[passage >> 6] >> passage & 1) != 0)
                {
                    rows[row >> 6] |= 1UL << row;
                }
            });
        }

        return (passages, rows);
    }

    private void ForEach(int segment, Action<int, int> visit)
    {
        var (rows, live) = (_rows[segment], _index.Segments[segment]);
        for (var passage = 0; passage < rows.Length; passage++)
        {
            if (rows[passage] >= 0 && !live.IsDeleted(passage))
            {
                visit(rows[passage], passage);
            }
        }
    }
}
