using System.Globalization;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Arguments as pairs of a name and a value, and names that stand alone; bench/README.md says what each means.</summary>
internal sealed class NamedArguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <param name="args">As they were given.</param>
    /// <param name="names">Names that are followed by a value.</param>
    /// <param name="flags">Names that are not.</param>
    /// <exception cref="ArgumentException">A name is not known, or has no value.</exception>
    public NamedArguments(string[] args, IReadOnlyCollection<string> names, params IReadOnlyCollection<string> flags)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            _values[name] = flags.Contains(name) ? ""
                : names.Contains(name) && i + 1 < args.Length ? args[++i]
                : throw new ArgumentException($"'{name}' is not known or has no value; known are {string.Join(", ", names.Concat(flags))}: see bench/README.md.", nameof(args));
        }
    }

    public bool Has(string flag) => _values.ContainsKey(flag);

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    public int Number(string name, int otherwise) => _values.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public double Fraction(string name, double otherwise) => _values.TryGetValue(name, out var text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>Numbers with commas between them.</summary>
    public IReadOnlyList<int> Numbers(string name, params IReadOnlyList<int> otherwise) =>
        _values.TryGetValue(name, out var text) ? [.. text.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))] : otherwise;

    /// <summary>Fractions with commas between them.</summary>
    public IReadOnlyList<double> Fractions(string name, params IReadOnlyList<double> otherwise) =>
        _values.TryGetValue(name, out var text) ? [.. text.Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture))] : otherwise;
}
