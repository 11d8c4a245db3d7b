using System.Numerics;

namespace AgentRag.Retrieval.Lexical;

/// <summary>Sorts candidates by score, then by the order of the index. Used again and again.</summary>
internal sealed class Ranking
{
    private const int DigitBits = 8;
    private const int Digits = 4;
    private const int FewEntries = 128;

    private readonly int[] _ends = new int[1 << DigitBits];
    private ulong[] _keys = new ulong[1 << 11];
    private ulong[] _other = new ulong[1 << 11];
    private double[] _scores = new double[1 << 11];
    private int[] _places = new int[1 << 11];

    /// <summary>The place, before sorting, of what is at a rank from 0.</summary>
    public int PlaceAt(int rank) => _places[rank];

    /// <summary>The score at a rank from 0.</summary>
    public double ScoreAt(int rank) => _scores[rank];

    /// <summary>Sorts.</summary>
    /// <param name="scores">Scores greater than 0, in the order of the index.</param>
    public void Sort(ReadOnlySpan<double> scores)
    {
        var count = scores.Length;
        if (_keys.Length < count)
        {
            (_keys, _other, _scores, _places) = (new ulong[count * 2], new ulong[count * 2], new double[count * 2], new int[count * 2]);
        }

        // The bits of positive numbers are in their order. The upper 32 of the range make the key, the place stands below.
        var (least, most) = (ulong.MaxValue, 0UL);
        foreach (var score in scores)
        {
            var bits = BitConverter.DoubleToUInt64Bits(score);
            (least, most) = (Math.Min(least, bits), Math.Max(most, bits));
        }

        var shift = count == 0 ? 0 : Math.Max(0, 32 - BitOperations.LeadingZeroCount(most - least));
        for (var place = 0; place < count; place++)
        {
            _keys[place] = ((most - BitConverter.DoubleToUInt64Bits(scores[place])) >> shift << 32) | (uint)place;
        }

        SortKeys(count);
        for (var i = 0; i < count; i++)
        {
            // Scores that differ in the last bits alone are put right here.
            var place = (int)(uint)_keys[i];
            var rank = i;
            for (; rank > 0 && _scores[rank - 1] < scores[place]; rank--)
            {
                (_scores[rank], _places[rank]) = (_scores[rank - 1], _places[rank - 1]);
            }

            (_scores[rank], _places[rank]) = (scores[place], place);
        }
    }

    /// <summary>By digits from the lowest: no comparison that the processor could guess wrongly.</summary>
    private void SortKeys(int count)
    {
        if (count < FewEntries)
        {
            _keys.AsSpan(0, count).Sort();
            return;
        }

        for (var digit = 0; digit < Digits; digit++)
        {
            var shift = 32 + (digit * DigitBits);
            Array.Clear(_ends);
            foreach (var key in _keys.AsSpan(0, count))
            {
                _ends[(key >> shift) & 0xFF]++;
            }

            for (var (i, sum) = (0, 0); i < _ends.Length; i++)
            {
                (_ends[i], sum) = (sum, sum + _ends[i]);
            }

            foreach (var key in _keys.AsSpan(0, count))
            {
                _other[_ends[(key >> shift) & 0xFF]++] = key;
            }

            (_keys, _other) = (_other, _keys);
        }
    }
}
