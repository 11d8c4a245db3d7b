namespace AgentRag.Decoding.Transformers;

/// <summary>By how much each pair of numbers is turned from one position to the next (Su et al., arXiv 2104.09864).</summary>
internal static class RotaryFrequencies
{
    /// <summary>base^(−2i / width) for pair i, divided by its factor where there are factors.</summary>
    /// <param name="width">Rotary dimensions, even.</param>
    /// <param name="rotaryBase">The base, ≥ 1.</param>
    /// <param name="scale">What all are divided by.</param>
    /// <param name="factors">One per pair, as GGUF files of Llama 3 carry them in <c>rope_freqs.weight</c>; or null.</param>
    /// <returns>Radians per position, one per pair.</returns>
    public static double[] Of(int width, double rotaryBase, double scale, IReadOnlyList<float>? factors) =>
        [.. Enumerable.Range(0, width / 2).Select(i => Math.Pow(rotaryBase, -2.0 * i / width) / scale / (factors?[i] ?? 1))];

    /// <summary>Llama 3.1's factors: slow pairs are slowed by the factor, fast ones left, those between blended by wavelength.</summary>
    /// <param name="width">Rotary dimensions, even.</param>
    /// <param name="rotaryBase">The base.</param>
    /// <param name="factor">How many times longer the context is than that of the first training.</param>
    /// <param name="lowFactor">Wavelengths above the first context / this are slowed fully.</param>
    /// <param name="highFactor">Wavelengths below the first context / this are left; greater than <paramref name="lowFactor"/>.</param>
    /// <param name="originalContextTokens">Tokens of the first training's context.</param>
    /// <returns>One factor per pair, in [1, <paramref name="factor"/>].</returns>
    public static float[] Llama3Factors(int width, double rotaryBase, double factor, double lowFactor, double highFactor, int originalContextTokens)
    {
        return [.. Of(width, rotaryBase, 1, factors: null).Select(Factor)];

        float Factor(double frequency)
        {
            var turns = originalContextTokens * frequency / (2 * Math.PI);
            var share = Math.Clamp((turns - lowFactor) / (highFactor - lowFactor), 0, 1);
            return (float)(1 / (((1 - share) / factor) + share));
        }
    }
}
