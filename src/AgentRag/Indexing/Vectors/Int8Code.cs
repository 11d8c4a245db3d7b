namespace AgentRag.Indexing.Vectors;

/// <summary>Components as int8: the largest of a vector becomes 127, and one factor per vector leads back.</summary>
internal static class Int8Code
{
    public const int Largest = 127;

    /// <summary>Writes codes; those behind the last component are zero.</summary>
    /// <returns>What one step is worth: component ≈ code x scale, and never further off than half a step.</returns>
    public static float Encode(ReadOnlySpan<float> vector, Span<sbyte> codes)
    {
        var largest = 0f;
        foreach (var component in vector)
        {
            largest = Math.Max(largest, Math.Abs(component));
        }

        codes.Clear();
        var scale = largest / Largest;
        for (var i = 0; i < vector.Length && scale > 0; i++)
        {
            codes[i] = (sbyte)Math.Clamp((int)MathF.Round(vector[i] / scale), -Largest, Largest);
        }

        return scale;
    }

    /// <summary>Writes one bit per component, set where it is negative.</summary>
    public static void Signs(ReadOnlySpan<float> vector, Span<byte> bits)
    {
        bits.Clear();
        for (var i = 0; i < vector.Length; i++)
        {
            bits[i >> 3] |= (byte)((vector[i] < 0 ? 1 : 0) << (i & 7));
        }
    }
}
