namespace AgentRag.Decoding.Sampling;

/// <summary>Random numbers of a seed: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).</summary>
/// <remarks>
/// Not <see cref="Random"/>: its first numbers are a linear function of the seed, so that a target and a drafter of related seeds draw related numbers, which
/// speculative sampling does not bear. The same on every version of .NET. Not for concurrent use.
/// </remarks>
internal sealed class SeededNumbers
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state;

    /// <param name="seed">Chooses the numbers.</param>
    /// <param name="stream">Numbers of one seed and different streams have nothing to do with one another.</param>
    public SeededNumbers(long seed, int stream = 0) => _state = Mix((ulong)seed + Step) ^ Mix(Mix((ulong)stream + 1));

    /// <summary>A number in [0, 1), of 53 bits.</summary>
    public double NextDouble()
    {
        _state += Step;
        return (Mix(_state) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>A whole number in [0, <paramref name="below"/>).</summary>
    public int Next(int below) => (int)(NextDouble() * below);

    /// <summary>A number of the standard normal distribution (Box and Muller).</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>Brings numbers into another order, each as likely as any other (Fisher and Yates).</summary>
    public void Shuffle(Span<int> numbers)
    {
        for (var i = numbers.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (numbers[i], numbers[j]) = (numbers[j], numbers[i]);
        }
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
