using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace AgentRag.Tokens.BytePairs;

/// <summary>The ranks by which adjacent parts of a piece are merged.</summary>
internal interface IMergeRanks
{
    /// <summary>The rank of two adjacent parts; <see cref="int.MaxValue"/> when they are never merged.</summary>
    /// <param name="start">The first byte of the left part; 16 bytes are readable from it.</param>
    /// <param name="length">Bytes of both parts.</param>
    /// <param name="left">The left part's token.</param>
    /// <param name="right">The right part's token.</param>
    int Rank(ref byte start, int length, int left, int right);

    /// <summary>The rank of two adjacent single bytes.</summary>
    int RankOfBytes(byte left, byte right);

    /// <summary>The token that a merge of this rank makes.</summary>
    int Made(int rank);

    /// <summary>The token of a single byte.</summary>
    int OfByte(byte value);
}

/// <summary>Merges the bytes of a piece: the pair of lowest rank first, of equal ones the leftmost, until no pair is left.</summary>
internal static class BytePairMerger
{
    // Up to here looking through all ranks for the lowest costs less than a heap.
    private const int LongestScanned = 160;

    /// <summary>Merges a piece.</summary>
    /// <param name="ranks">The vocabulary's ranks.</param>
    /// <param name="bytes">The piece with at least 16 further readable bytes behind it.</param>
    /// <param name="length">Bytes of the piece, ≥ 1.</param>
    /// <param name="sink">Takes the tokens.</param>
    public static void Merge<TRanks, TSink>(in TRanks ranks, Span<byte> bytes, int length, ref TSink sink)
        where TRanks : struct, IMergeRanks
        where TSink : struct, ITokenSink
    {
        if (length <= LongestScanned)
        {
            Span<int> space = stackalloc int[LongestScanned * 4];
            var parts = new Parts(space, length);
            parts.Fill(ranks, bytes);
            MergeByScan(ranks, parts, bytes);
            parts.CopyTo(ref sink);
            return;
        }

        var rented = ArrayPool<int>.Shared.Rent(length * 4);
        try
        {
            var parts = new Parts(rented, length);
            parts.Fill(ranks, bytes);
            MergeByHeap(ranks, parts, bytes);
            parts.CopyTo(ref sink);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private static void MergeByScan<TRanks>(in TRanks ranks, Parts parts, Span<byte> bytes)
        where TRanks : struct, IMergeRanks
    {
        while (true)
        {
            var (lowest, at) = parts.Lowest();
            if (lowest == int.MaxValue)
            {
                return;
            }

            parts.MergeAt(ranks, bytes, at);
        }
    }

    private static void MergeByHeap<TRanks>(in TRanks ranks, Parts parts, Span<byte> bytes)
        where TRanks : struct, IMergeRanks
    {
        // Each merge removes one pair and changes at most two, so no more than two entries for each byte are ever there.
        var rented = ArrayPool<ulong>.Shared.Rent((parts.Length * 2) + 2);
        try
        {
            var heap = new RankHeap(rented);
            for (var i = 0; i < parts.Length; i++)
            {
                heap.Append(parts.Ranks[i], i);
            }

            heap.Arrange();
            while (heap.TryTake(out var rank, out var at))
            {
                // A pair whose rank has changed since is in the heap again.
                if (parts.Ranks[at] == rank)
                {
                    var left = parts.MergeAt(ranks, bytes, at);
                    heap.Add(parts.Ranks[at], at);
                    if (left >= 0)
                    {
                        heap.Add(parts.Ranks[left], left);
                    }
                }
            }
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(rented);
        }
    }

    /// <summary>The parts of a piece as a list linked by their first bytes' positions.</summary>
    private readonly ref struct Parts
    {
        private readonly Span<int> _next;
        private readonly Span<int> _previous;
        private readonly Span<int> _ids;

        public Parts(Span<int> space, int length)
        {
            Length = length;
            _next = space[..length];
            _previous = space.Slice(length, length);
            _ids = space.Slice(2 * length, length);
            Ranks = space.Slice(3 * length, length);
        }

        public int Length { get; }

        /// <summary>For each part the rank of merging it with the next one.</summary>
        public Span<int> Ranks { get; }

        public void Fill<TRanks>(in TRanks ranks, Span<byte> bytes)
            where TRanks : struct, IMergeRanks
        {
            for (var i = 0; i < Length; i++)
            {
                _next[i] = i + 1;
                _previous[i] = i - 1;
                _ids[i] = ranks.OfByte(bytes[i]);
                Ranks[i] = i + 1 < Length ? ranks.RankOfBytes(bytes[i], bytes[i + 1]) : int.MaxValue;
            }
        }

        public (int Rank, int At) Lowest()
        {
            if (Length < 2 * Vector<int>.Count)
            {
                var (rank, at) = (int.MaxValue, 0);
                for (var i = 0; i < Ranks.Length; i++)
                {
                    if (Ranks[i] < rank)
                    {
                        (rank, at) = (Ranks[i], i);
                    }
                }

                return (rank, at);
            }

            var lowest = new Vector<int>(Ranks[^Vector<int>.Count..]);
            foreach (var ranks in MemoryMarshal.Cast<int, Vector<int>>(Ranks))
            {
                lowest = Vector.Min(lowest, ranks);
            }

            var least = int.MaxValue;
            for (var i = 0; i < Vector<int>.Count; i++)
            {
                least = Math.Min(least, lowest[i]);
            }

            return (least, Ranks.IndexOf(least));
        }

        /// <summary>Merges a part with the next one.</summary>
        /// <returns>The part before it, whose rank has changed too; -1 when there is none.</returns>
        public int MergeAt<TRanks>(in TRanks ranks, Span<byte> bytes, int at)
            where TRanks : struct, IMergeRanks
        {
            var removed = _next[at];
            var next = _next[removed];
            _ids[at] = ranks.Made(Ranks[at]);
            _next[at] = next;
            Ranks[removed] = int.MaxValue;
            Ranks[at] = int.MaxValue;
            if (next < Length)
            {
                _previous[next] = at;
                Ranks[at] = ranks.Rank(ref bytes[at], _next[next] - at, _ids[at], _ids[next]);
            }

            var left = _previous[at];
            if (left >= 0)
            {
                Ranks[left] = ranks.Rank(ref bytes[left], next - left, _ids[left], _ids[at]);
            }

            return left;
        }

        public void CopyTo<TSink>(ref TSink sink)
            where TSink : struct, ITokenSink
        {
            for (var i = 0; i < Length; i = _next[i])
            {
                sink.Add(_ids[i]);
            }
        }
    }

    /// <summary>A heap of (rank, position), lowest first.</summary>
    private ref struct RankHeap(ulong[] entries)
    {
        private int _count;

        public void Append(int rank, int position)
        {
            if (rank != int.MaxValue)
            {
                entries[_count++] = EntryOf(rank, position);
            }
        }

        public readonly void Arrange()
        {
            for (var i = (_count / 2) - 1; i >= 0; i--)
            {
                SiftDown(i);
            }
        }

        public void Add(int rank, int position)
        {
            if (rank == int.MaxValue)
            {
                return;
            }

            var entry = EntryOf(rank, position);
            var i = _count++;
            for (; i > 0 && entries[(i - 1) / 2] > entry; i = (i - 1) / 2)
            {
                entries[i] = entries[(i - 1) / 2];
            }

            entries[i] = entry;
        }

        public bool TryTake(out int rank, out int position)
        {
            if (_count == 0)
            {
                (rank, position) = (0, 0);
                return false;
            }

            (rank, position) = ((int)(entries[0] >> 32), (int)(uint)entries[0]);
            entries[0] = entries[--_count];
            SiftDown(0);
            return true;
        }

        private static ulong EntryOf(int rank, int position) => ((ulong)(uint)rank << 32) | (uint)position;

        private readonly void SiftDown(int i)
        {
            var entry = entries[i];
            while ((2 * i) + 1 < _count)
            {
                var child = (2 * i) + 1;
                child += child + 1 < _count && entries[child + 1] < entries[child] ? 1 : 0;
                if (entries[child] >= entry)
                {
                    break;
                }

                entries[i] = entries[child];
                i = child;
            }

            entries[i] = entry;
        }
    }
}
