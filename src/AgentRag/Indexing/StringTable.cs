using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing;

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
