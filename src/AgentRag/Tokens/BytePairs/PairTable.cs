using System.Numerics;

namespace AgentRag.Tokens.BytePairs;

/// <summary>The merges of a vocabulary: pair of tokens -> rank, and rank -> token made.</summary>
internal sealed class PairTable
{
    private const ulong Nothing = ulong.MaxValue;

    private readonly ulong[] _pairs;
    private readonly int[] _ranks;
    private readonly int[] _made;
    private readonly int _shift;

    /// <summary>Makes the table.</summary>
    /// <param name="merges">Pairs of token ids with the token made, first merged first.</param>
    public PairTable(IReadOnlyList<(int Left, int Right, int Made)> merges)
    {
        var sizeBits = Math.Max(4, BitOperations.Log2((uint)Math.Max(1, merges.Count)) + 2);
        (_pairs, _ranks, _shift) = (new ulong[1 << sizeBits], new int[1 << sizeBits], 64 - sizeBits);
        _made = new int[merges.Count];
        Array.Fill(_pairs, Nothing);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right, made) = merges[rank];
            _made[rank] = made;
            var pair = PairOf(left, right);
            var slot = SlotOf(pair);
            while (_pairs[slot] != Nothing && _pairs[slot] != pair)
            {
                slot = (slot + 1) & (_pairs.Length - 1);
            }

            // A pair that stands twice keeps its last rank, as in the format's own reader.
            (_pairs[slot], _ranks[slot]) = (pair, rank);
        }
    }

    /// <summary>The token that the merge of a rank makes.</summary>
    public int Made(int rank) => _made[rank];

    /// <summary>The rank of a pair; <see cref="int.MaxValue"/> when the two are never merged.</summary>
    public int Rank(int left, int right)
    {
        var pair = PairOf(left, right);
        for (var slot = SlotOf(pair); ; slot = (slot + 1) & (_pairs.Length - 1))
        {
            if (_pairs[slot] == pair)
            {
                return _ranks[slot];
            }

            if (_pairs[slot] == Nothing)
            {
                return int.MaxValue;
            }
        }
    }

    private static ulong PairOf(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int SlotOf(ulong pair) => (int)((pair * 0x9E3779B97F4A7C15) >> _shift);
}
