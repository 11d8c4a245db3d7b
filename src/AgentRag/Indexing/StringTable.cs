using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>Many strings in one block of UTF-8, decoded when asked for.</summary>
/// <param name="utf8">The strings' bytes, one behind the other.</param>
/// <param name="ends">Offset behind each string's last byte.</param>
internal sealed class StringTable(LinksColumn<byte> utf8, LinksColumn<int> ends)
{
    public int Count => ends.Count;

    public LinksColumn<byte> Utf8 => utf8;

    public LinksColumn<int> Ends => ends;

    public string this[int index] => Encoding.UTF8.GetString(Bytes(index));

    public ReadOnlySpan<byte> Bytes(int index)
    {
        var start = index == 0 ? 0 : ends[index - 1];
        return utf8.Slice(start, ends[index] - start);
    }

    /// <summary>Finds a string in a table that is sorted by bytes.</summary>
    /// <returns>Its index, or -1.</returns>
    public int BinarySearch(ReadOnlySpan<byte> value)
    {
        var (low, high) = (0, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Bytes(middle).SequenceCompareTo(value);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }
}

/// <summary>Collects strings in one block of UTF-8.</summary>
internal sealed class StringTableBuilder
{
    private readonly List<uint> _ends = [];
    private byte[] _utf8 = new byte[256];
    private int _length;

    public int Count => _ends.Count;

    public ReadOnlySpan<byte> Utf8 => _utf8.AsSpan(0, _length);

    /// <summary>Offset behind each string's last byte.</summary>
    public ReadOnlySpan<uint> Ends => CollectionsMarshal.AsSpan(_ends);

    public ReadOnlySpan<byte> Bytes(int index)
    {
        var start = index == 0 ? 0 : (int)_ends[index - 1];
        return _utf8.AsSpan(start, (int)_ends[index] - start);
    }

    public void Add(ReadOnlySpan<char> text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        Grow(bytes);
        Encoding.UTF8.GetBytes(text, _utf8.AsSpan(_length));
        _ends.Add((uint)(_length += bytes));
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        Grow(bytes.Length);
        bytes.CopyTo(_utf8.AsSpan(_length));
        _ends.Add((uint)(_length += bytes.Length));
    }

    public StringTable ToTable() => new(new(Utf8.ToArray()), new([.. _ends.Select(end => (int)end)]));

    private void Grow(int more)
    {
        var needed = (long)_length + more;
        if (needed > Array.MaxLength)
        {
            throw new AgentRagException("One part of the index would hold more than 2 GiB of names: split the documents over several indexes (--index DIR).");
        }

        if (needed > _utf8.Length)
        {
            Array.Resize(ref _utf8, (int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _utf8.Length)));
        }
    }
}
