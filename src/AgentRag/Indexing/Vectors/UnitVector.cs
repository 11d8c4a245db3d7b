namespace AgentRag.Indexing.Vectors;

/// <summary>Scales vectors to length one.</summary>
internal static class UnitVector
{
    /// <summary>Makes a vector of the same direction with length one; one of zeros stays what it is.</summary>
    /// <exception cref="AgentRagException">A component is no finite number.</exception>
    public static void Make(ReadOnlySpan<float> vector, Span<float> unit)
    {
        var squares = 0.0;
        foreach (var component in vector)
        {
            squares += (double)component * component;
        }

        if (!double.IsFinite(squares))
        {
            throw new AgentRagException("The embedding model gave a vector with a component that is no finite number: use another model, or ask its server's log why.");
        }

        var factor = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        for (var i = 0; i < vector.Length; i++)
        {
            unit[i] = (float)(vector[i] * factor);
        }
    }
}
