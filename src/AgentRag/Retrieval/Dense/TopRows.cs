namespace AgentRag.Retrieval.Dense;

/// <summary>The best rows so far: a heap of fixed capacity with the worst on top. Of equal scores the earlier row is better.</summary>
internal sealed class TopRows(int capacity)
{
    // Score and row in one number: comparing two of them compares the scores, and of equal ones prefers the earlier row.
    private readonly ulong[] _heap = new ulong[capacity];
    private int _count;

    /// <summary>A score below this one cannot get in.</summary>
    public float Threshold { get; private set; } = float.NegativeInfinity;

    public void Add(int row, float score)
    {
        var entry = ((ulong)Sortable(score) << 32) | ~(uint)row;
        if (_count < _heap.Length)
        {
            Up(entry);
        }
        else if (entry > _heap[0])
        {
            Down(entry);
        }

        Threshold = _count < _heap.Length ? float.NegativeInfinity : Score(_heap[0]);
    }

    /// <summary>The best of several heaps, best first.</summary>
    public static (int Row, float Score)[] Merge(IReadOnlyList<TopRows> heaps, int count)
    {
        var entries = heaps.SelectMany(heap => heap._heap.Take(heap._count)).ToArray();
        Array.Sort(entries, (a, b) => b.CompareTo(a));
        return [.. entries.Take(count).Select(entry => ((int)~(uint)entry, Score(entry)))];
    }

    /// <summary>Numbers whose order is that of the scores.</summary>
    private static uint Sortable(float score)
    {
        var bits = BitConverter.SingleToUInt32Bits(score + 0f);
        return bits ^ ((bits >> 31) == 0 ? 0x8000_0000u : ~0u);
    }

    private static float Score(ulong entry)
    {
        var bits = (uint)(entry >> 32);
        return BitConverter.UInt32BitsToSingle(bits ^ ((bits >> 31) == 0 ? ~0u : 0x8000_0000u));
    }

    private void Up(ulong entry)
    {
        var at = _count++;
        for (; at > 0 && _heap[(at - 1) / 2] > entry; at = (at - 1) / 2)
        {
            _heap[at] = _heap[(at - 1) / 2];
        }

        _heap[at] = entry;
    }

    private void Down(ulong entry)
    {
        var at = 0;
        for (var child = 1; child < _count; child = (2 * at) + 1)
        {
            child += child + 1 < _count && _heap[child + 1] < _heap[child] ? 1 : 0;
            if (_heap[child] >= entry)
            {
                break;
            }

            (_heap[at], at) = (_heap[child], child);
        }

        _heap[at] = entry;
    }
}
