using AgentRag.Indexing.Vectors;

namespace AgentRag.Retrieval.Dense;

/// <summary>A query's vector in all forms that a search compares.</summary>
internal sealed class VectorQuery
{
    public VectorQuery(ReadOnlySpan<float> vector, VectorLayout layout)
    {
        Unit = new float[layout.Dimensions];
        UnitVector.Make(vector, Unit);
        var codes = new sbyte[layout.Stride];
        Scale = Int8Code.Encode(Unit, codes);
        Codes = Array.ConvertAll(codes, code => (short)code);
        var bits = new byte[layout.Stride / 8];
        Int8Code.Signs(Unit, bits);
        Signs = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bits).ToArray();
    }

    /// <summary>The components, of length one together.</summary>
    public float[] Unit { get; }

    /// <summary>As int8, widened for the multiplication.</summary>
    public short[] Codes { get; }

    public float Scale { get; }

    public ulong[] Signs { get; }
}
