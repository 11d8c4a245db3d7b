using System.Runtime.InteropServices;
using AgentRag.Decoding.Kernels;

namespace AgentRag.Decoding.Transformers;

/// <summary>How cached keys and values are stored.</summary>
public enum CachePrecision
{
    /// <summary>Single precision: four bytes a number.</summary>
    F32,

    /// <summary>The upper half of single precision: two bytes a number.</summary>
    BF16,
}

/// <summary>Keys and values of the tokens that a context holds.</summary>
/// <remarks>Memory is taken from the system as the context grows. Not for concurrent use.</remarks>
internal sealed unsafe class KeyValueCache : IDisposable
{
    private const int Block = AttentionKernel<F32Format>.BlockPositions;

    private readonly NativeBuffer<byte> _keys;
    private readonly NativeBuffer<byte> _values;
    private readonly TransformerShape _shape;
    private readonly long _bytesPerHead;

    /// <param name="shape">The model's measures.</param>
    /// <param name="capacity">Most tokens.</param>
    /// <param name="precision">How they are stored.</param>
    public KeyValueCache(TransformerShape shape, int capacity, CachePrecision precision)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (_shape, Precision, Capacity) = (shape, precision, capacity);
        Width = precision == CachePrecision.F32 ? 4 : 2;
        _bytesPerHead = (capacity + (long)Block - 1) / Block * Block * shape.HeadWidth * Width;
        _keys = new NativeBuffer<byte>(_bytesPerHead * shape.Layers * shape.KeyValueHeads);
        _values = new NativeBuffer<byte>(_bytesPerHead * shape.Layers * shape.KeyValueHeads);
    }

    /// <summary>Most tokens.</summary>
    public int Capacity { get; }

    /// <summary>How numbers are stored.</summary>
    public CachePrecision Precision { get; }

    /// <summary>Bytes of a number.</summary>
    public int Width { get; }

    /// <summary>Tokens held.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes that each token takes.</summary>
    public long BytesPerToken => 2L * _shape.Layers * _shape.KeyValueHeads * _shape.HeadWidth * Width;

    /// <summary>Forgets all tokens behind the first ones: what was computed for those stays as it is.</summary>
    /// <param name="length">Tokens to keep, in [0, <see cref="Length"/>].</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Takes over the first tokens of another cache of the same model and precision.</summary>
    /// <param name="other">The other cache.</param>
    /// <param name="length">Tokens, at most the other's length and this one's capacity.</param>
    public void CopyFrom(KeyValueCache other, int length)
    {
        if (length > other.Length || length > Capacity || other._shape != _shape || other.Precision != Precision)
        {
            throw new ArgumentException($"{length} tokens cannot be copied: the other cache holds {other.Length}, this one has room for {Capacity}, or they differ in kind.", nameof(length));
        }

        var bytes = (length + (long)Block - 1) / Block * Block * _shape.HeadWidth * Width;
        for (var layer = 0; layer < _shape.Layers; layer++)
        {
            for (var head = 0; head < _shape.KeyValueHeads; head++)
            {
                NativeMemory.Copy(other.Keys(layer, head), Keys(layer, head), (nuint)bytes);
                NativeMemory.Copy(other.Values(layer, head), Values(layer, head), (nuint)bytes);
            }
        }

        Length = length;
    }

    public byte* Keys(int layer, int head) => _keys.Start + (((layer * _shape.KeyValueHeads) + head) * _bytesPerHead);

    public byte* Values(int layer, int head) => _values.Start + (((layer * _shape.KeyValueHeads) + head) * _bytesPerHead);

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }

    /// <summary>Stores one position's key and value of a head.</summary>
    internal void Store(int layer, int head, int position, float* key, float* value)
    {
        var width = _shape.HeadWidth;
        var offset = ((long)(position / Block) * Block * width) + (position % Block);
        if (Precision == CachePrecision.F32)
        {
            var (keys, values) = ((nint)Keys(layer, head), (nint)Values(layer, head));
            for (var d = 0; d < width; d++)
            {
                ((float*)keys)[offset + (d * Block)] = key[d];
                ((float*)values)[((long)position * width) + d] = value[d];
            }
        }
        else
        {
            var (keys, values) = ((nint)Keys(layer, head), (nint)Values(layer, head));
            for (var d = 0; d < width; d++)
            {
                ((ushort*)keys)[offset + (d * Block)] = Weights.BlockFormats.ToBFloat16(key[d]);
                ((ushort*)values)[((long)position * width) + d] = Weights.BlockFormats.ToBFloat16(value[d]);
            }
        }
    }

    /// <summary>Counts tokens whose keys and values were stored.</summary>
    internal void Advance(int tokens) => Length += tokens;
}
