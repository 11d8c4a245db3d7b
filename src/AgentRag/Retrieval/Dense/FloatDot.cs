using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Retrieval.Dense;

/// <summary>Dot product of float vectors, added up in one fixed order: the same bits on every processor.</summary>
internal static class FloatDot
{
    public static float Of(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var lanes = Vector512<float>.Zero;
        var i = 0;
        for (; i <= a.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            // Not fused: some processors have no fused form, and it rounds differently.
            lanes += Vector512.Create(a[i..]) * Vector512.Create(b[i..]);
        }

        Span<float> sums = stackalloc float[Vector512<float>.Count];
        MemoryMarshal.Write(MemoryMarshal.AsBytes(sums), lanes);
        var sum = 0f;
        foreach (var lane in sums)
        {
            sum += lane;
        }

        for (; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
