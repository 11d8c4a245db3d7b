#pragma warning disable CA1707 // The names are those of the format, underscores included.
namespace AgentRag.Decoding.Weights;

/// <summary>How a tensor's values are stored. The numbers are those of the GGUF format.</summary>
public enum TensorType
{
    /// <summary>IEEE single precision.</summary>
    F32 = 0,

    /// <summary>IEEE half precision.</summary>
    F16 = 1,

    /// <summary>32 values of 4 bits with one half-precision scale: 18 bytes.</summary>
    Q4_0 = 2,

    /// <summary>32 values of 8 bits with one half-precision scale: 34 bytes.</summary>
    Q8_0 = 8,

    /// <summary>256 values of 4 bits; eight 6-bit scales and minima with two half-precision factors: 144 bytes.</summary>
    Q4_K = 12,

    /// <summary>256 values of 6 bits; sixteen 8-bit scales with one half-precision factor: 210 bytes.</summary>
    Q6_K = 14,

    /// <summary>The upper half of a single-precision number.</summary>
    BF16 = 30,
}

/// <summary>Sizes of the tensor types.</summary>
internal static class TensorTypes
{
    /// <summary>Every type that can be read.</summary>
    public static readonly TensorType[] All = Enum.GetValues<TensorType>();

    /// <summary>Values that are stored together; a row is a whole number of such blocks.</summary>
    public static int BlockValues(this TensorType type) => type switch
    {
        TensorType.Q4_0 or TensorType.Q8_0 => 32,
        TensorType.Q4_K or TensorType.Q6_K => 256,
        _ => 1,
    };

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this TensorType type) => type switch
    {
        TensorType.F32 => 4,
        TensorType.F16 or TensorType.BF16 => 2,
        TensorType.Q4_0 => 18,
        TensorType.Q8_0 => 34,
        TensorType.Q4_K => 144,
        TensorType.Q6_K => 210,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such tensor type."),
    };

    /// <summary>Bytes of a row of values.</summary>
    public static long RowBytes(this TensorType type, long values) => values / type.BlockValues() * type.BlockBytes();

    /// <summary>Whether values of this type are integers with scales, which are multiplied with 8-bit activations.</summary>
    public static bool IsQuantized(this TensorType type) => type.BlockValues() > 1;
}
