namespace AgentRag.Indexing.Vectors;

/// <summary>The columns of a vector segment, in the order of the file. Each holds one entry of fixed length per row.</summary>
internal enum VectorColumn
{
    /// <summary>The <see cref="VectorKey"/> of the row.</summary>
    Keys,

    /// <summary>What one step of the row's codes is worth: float32.</summary>
    Scales,

    /// <summary>The components as int8, padded with zeros to a multiple of 64.</summary>
    Codes,

    /// <summary>One bit per padded component, set where it is negative.</summary>
    Signs,

    /// <summary>The components as float32; only where they are kept.</summary>
    Floats,

    /// <summary>CRC-32C of the row's floats: they are read here and there, never as a whole.</summary>
    FloatChecksums,
}

/// <summary>How long the rows of each column are.</summary>
/// <param name="Dimensions">Components of a vector, in [1, <see cref="MaxDimensions"/>].</param>
/// <param name="HasFloats">Whether float32 components are kept.</param>
internal readonly record struct VectorLayout(int Dimensions, bool HasFloats)
{
    public const int MaxDimensions = 16_384;
    public const int ColumnCount = (int)VectorColumn.FloatChecksums + 1;
    private const int Multiple = 64;

    /// <summary>Bytes of a row of codes: a multiple of the widest vector, so that loops have no remainder.</summary>
    public int Stride => (Dimensions + Multiple - 1) / Multiple * Multiple;

    public int RowBytes(VectorColumn column) => column switch
    {
        VectorColumn.Keys => VectorKey.ByteCount,
        VectorColumn.Scales => sizeof(float),
        VectorColumn.Codes => Stride,
        VectorColumn.Signs => Stride / 8,
        VectorColumn.Floats => HasFloats ? Dimensions * sizeof(float) : 0,
        _ => HasFloats ? sizeof(uint) : 0,
    };
}
