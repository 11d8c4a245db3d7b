using System.Diagnostics.CodeAnalysis;

namespace AgentRag.Decoding.Weights;

/// <summary>The named values at the head of a GGUF file.</summary>
/// <remarks>Immutable; safe for concurrent use.</remarks>
internal sealed class GgufMetadata
{
    private readonly string _source;
    private readonly IReadOnlyDictionary<string, object> _values;

    internal GgufMetadata(string source, IReadOnlyDictionary<string, object> values) => (_source, _values) = (source, values);

    /// <summary>The names, in no particular order.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>Whether there is a value of this name.</summary>
    /// <param name="name">Such as <c>general.architecture</c>.</param>
    /// <returns>True when there is.</returns>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Reads a text.</summary>
    /// <param name="name">The value's name.</param>
    /// <returns>The text; null when there is no such value.</returns>
    /// <exception cref="AgentRagException">The value is no text.</exception>
    public string? Text(string name) => Read<string>(name, "a text");

    /// <summary>Reads a whole number of any width.</summary>
    /// <param name="name">The value's name.</param>
    /// <returns>The number; null when there is no such value.</returns>
    /// <exception cref="AgentRagException">The value is no whole number, or none in the range of <see cref="int"/>.</exception>
    public int? Integer(string name) => _values.TryGetValue(name, out var value)
        ? ToInteger(value) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : throw Unexpected(name, value, "a whole number of 32 bits")
        : null;

    /// <summary>Reads a number.</summary>
    /// <param name="name">The value's name.</param>
    /// <returns>The number; null when there is no such value.</returns>
    /// <exception cref="AgentRagException">The value is no finite number.</exception>
    public double? Number(string name) => _values.TryGetValue(name, out var value)
        ? value switch
        {
            float number when float.IsFinite(number) => number,
            double number when double.IsFinite(number) => number,
            _ => ToInteger(value) ?? throw Unexpected(name, value, "a finite number"),
        }
        : null;

    /// <summary>Reads a truth value.</summary>
    /// <param name="name">The value's name.</param>
    /// <returns>The value; null when there is none.</returns>
    /// <exception cref="AgentRagException">The value is no truth value.</exception>
    public bool? Flag(string name) => _values.TryGetValue(name, out var value) ? value as bool? ?? throw Unexpected(name, value, "true or false") : null;

    /// <summary>Reads a list of texts.</summary>
    /// <param name="name">The value's name.</param>
    /// <returns>The texts; null when there is no such value.</returns>
    /// <exception cref="AgentRagException">The value is no list of texts.</exception>
    public IReadOnlyList<string>? Texts(string name) => Read<string[]>(name, "a list of texts");

    /// <summary>Reads a list of single-precision numbers.</summary>
    /// <param name="name">The value's name.</param>
    /// <returns>The numbers; null when there is no such value.</returns>
    /// <exception cref="AgentRagException">The value is no such list.</exception>
    public IReadOnlyList<float>? Numbers(string name) => Read<float[]>(name, "a list of numbers");

    /// <summary>Reads a list of whole numbers.</summary>
    /// <param name="name">The value's name.</param>
    /// <returns>The numbers; null when there is no such value.</returns>
    /// <exception cref="AgentRagException">The value is no list of 32-bit numbers.</exception>
    public IReadOnlyList<int>? Integers(string name) => _values.TryGetValue(name, out var value)
        ? value switch
        {
            int[] numbers => numbers,
            uint[] numbers => Array.ConvertAll(numbers, number => number <= int.MaxValue ? (int)number : throw Unexpected(name, value, "a list of whole numbers")),
            _ => throw Unexpected(name, value, "a list of whole numbers"),
        }
        : null;

    internal bool TryGet(string name, [NotNullWhen(true)] out object? value) => _values.TryGetValue(name, out value);

    private static long? ToInteger(object value) => value switch
    {
        byte number => number,
        sbyte number => number,
        short number => number,
        ushort number => number,
        int number => number,
        uint number => number,
        long number => number,
        ulong number => number <= long.MaxValue ? (long)number : null,
        _ => null,
    };

    private T? Read<T>(string name, string expected)
        where T : class => _values.TryGetValue(name, out var value) ? value as T ?? throw Unexpected(name, value, expected) : null;

    private AgentRagException Unexpected(string name, object value, string expected) =>
        new($"{_source}: metadata '{name}' is of type {value.GetType().Name}, expected {expected}: the file is damaged or not made for this program.");
}
