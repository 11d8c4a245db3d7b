using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Evaluation.Runs;

/// <summary>What a run's results depend on, by name: model, prompts, index, retriever, demonstrations, code version and the like. Grid and budgets are not part of it.</summary>
public sealed class RunFingerprint
{
    private const int ShownCharacters = 60;

    private readonly SortedDictionary<string, string> _parts;

    /// <summary>Makes a fingerprint.</summary>
    /// <param name="parts">Names, as a message shows them, with values: a hash for what is long. No secrets.</param>
    public RunFingerprint(IEnumerable<KeyValuePair<string, string>> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        _parts = new(parts.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>The parts by name.</summary>
    public IReadOnlyDictionary<string, string> Parts => _parts;

    /// <summary>SHA-256 over all parts, hexadecimal.</summary>
    public string Hash => HashOf(string.Concat(_parts.Select(part => $"{part.Key}\0{part.Value}\0")));

    /// <summary>SHA-256 of a text, hexadecimal: the value of a part that is long.</summary>
    /// <param name="text">The text.</param>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>What is not the same in another fingerprint.</summary>
    /// <param name="other">The other one.</param>
    /// <returns>One text per difference, such as <c>model: extractive, now openai:gpt</c>; empty when both are equal.</returns>
    public IReadOnlyList<string> DifferencesTo(RunFingerprint other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return
        [
            .. _parts.Keys.Union(other._parts.Keys).Order(StringComparer.Ordinal)
                .Where(name => _parts.GetValueOrDefault(name) != other._parts.GetValueOrDefault(name))
                .Select(name => $"{name}: {Show(_parts.GetValueOrDefault(name))}, now {Show(other._parts.GetValueOrDefault(name))}"),
        ];
    }

    private static string Show(string? value) => value switch
    {
        null or "" => "none",
        { Length: 64 } when value.All(char.IsAsciiHexDigitLower) => value[..12],
        { Length: > ShownCharacters } => $"{value[..ShownCharacters]}…",
        _ => value,
    };
}
