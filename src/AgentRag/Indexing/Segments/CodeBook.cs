using System.Runtime.InteropServices;

namespace AgentRag.Indexing.Segments;

/// <summary>Maps a term's frequency and its passage's length to one byte, and says between which bounds the two lie for each byte.</summary>
/// <remarks>
/// A posting's code bounds its BM25 score for every k1, b, mean length and idf, so a segment stays valid when the index around it changes. Code 0 means
/// that the term is absent. The lengths' classes are even steps of the logarithm of BM25's length normalisation at b = 0.4, where the scores are about even.
/// </remarks>
internal sealed class CodeBook
{
    private const double TypicalB = 0.4;
    private const double LongestMeans = 8;

    private readonly byte[][] _codeOfLength;
    private readonly int[] _groupOfFrequency;

    private CodeBook(CodeRange[] ranges, byte[][] codeOfLength, int[] groupOfFrequency)
    {
        (Ranges, _codeOfLength, _groupOfFrequency) = (ranges, codeOfLength, groupOfFrequency);
        Frequencies = Array.ConvertAll(ranges, range => range.MinFrequency == range.MaxFrequency ? range.MinFrequency : 0);
    }

    /// <summary>Classes of lengths for each frequency, or range of frequencies, in lists: 255 codes.</summary>
    public static ReadOnlySpan<int> ListClasses =>
        [1, 96, 2, 56, 3, 32, 4, 20, 5, 12, 6, 8, 7, 6, 8, 5, 9, 4, 10, 3, 11, 4, 13, 3, 17, 3, 25, 2, 49, 1];

    /// <summary>The same for dense rows: 63 codes, so that a processor can look up many at once. Frequent terms weigh little, so coarse steps do.</summary>
    public static ReadOnlySpan<int> DenseClasses => [1, 16, 2, 10, 3, 8, 4, 6, 5, 5, 6, 4, 7, 4, 8, 3, 9, 3, 13, 2, 25, 1];

    /// <summary>Codes of a dense row, 0 among them.</summary>
    public const int DenseCodes = 64;

    public CodeRange[] Ranges { get; }

    /// <summary>Per code, the frequency; 0 where the code leaves it open.</summary>
    public int[] Frequencies { get; }

    /// <summary>Makes a book for the passages of a segment.</summary>
    /// <param name="lengths">Their lengths.</param>
    /// <param name="classes">Pairs of the first frequency of a group and its number of length classes.</param>
    public static CodeBook Make(ReadOnlySpan<int> lengths, ReadOnlySpan<int> classes)
    {
        var (shortest, longest, total) = (int.MaxValue, 0, 0L);
        foreach (var length in lengths)
        {
            (shortest, longest, total) = (Math.Min(shortest, length), Math.Max(longest, length), total + length);
        }

        var mean = lengths.Length == 0 || total == 0 ? 1 : (double)total / lengths.Length;
        shortest = Math.Min(shortest, longest);
        var last = (int)Math.Clamp(LongestMeans * mean, shortest, longest);
        var (low, high) = (Position(shortest), Position(last + 1));

        List<CodeRange> ranges = [default];
        var codeOfLength = new byte[classes.Length / 2][];
        var groupOfFrequency = new int[classes[^2] + 1];
        for (var group = 0; group < codeOfLength.Length; group++)
        {
            var (first, count, isLast) = (classes[group * 2], classes[(group * 2) + 1], group == codeOfLength.Length - 1);
            var next = isLast ? int.MaxValue : classes[(group + 1) * 2];
            for (var frequency = first; frequency < Math.Min(next, groupOfFrequency.Length); frequency++)
            {
                groupOfFrequency[frequency] = group;
            }

            var codes = codeOfLength[group] = new byte[last + 1];
            var firstCode = ranges.Count;
            for (var step = 0; step < count; step++)
            {
                ranges.Add(new(first, isLast ? int.MaxValue : next - 1, int.MaxValue, 0));
            }

            for (var length = shortest; length <= last; length++)
            {
                var code = firstCode + Math.Min(count - 1, (int)((Position(length) - low) / (high - low) * count));
                codes[length] = (byte)code;
                ranges[code] = ranges[code] with { MinLength = Math.Min(ranges[code].MinLength, length), MaxLength = length };
            }

            var top = codes[last];
            ranges[top] = ranges[top] with { MaxLength = longest };
        }

        // A class without lengths is never used; its bounds must only make sense.
        return new([.. ranges.Select(range => range.MinLength > range.MaxLength ? range with { MinLength = longest, MaxLength = longest } : range)], codeOfLength, groupOfFrequency);

        double Position(int length) => Math.Log(1 - TypicalB + (TypicalB * length / mean));
    }

    /// <summary>The code of a frequency ≥ 1 in a passage of a length.</summary>
    public byte Encode(int frequency, int length)
    {
        var codes = _codeOfLength[_groupOfFrequency[Math.Min(frequency, _groupOfFrequency.Length - 1)]];
        return codes[Math.Min(length, codes.Length - 1)];
    }

    /// <summary>Reads a book that was stored; it decodes only.</summary>
    public static CodeBook Read(ReadOnlySpan<byte> bytes) => new(MemoryMarshal.Cast<byte, CodeRange>(bytes).ToArray(), [], []);
}

/// <summary>What a code stands for. All bounds are part of the range.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct CodeRange(int MinFrequency, int MaxFrequency, int MinLength, int MaxLength);
