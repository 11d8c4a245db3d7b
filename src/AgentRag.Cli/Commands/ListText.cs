using System.Globalization;
using AgentRag.Cli.Configuration;

namespace AgentRag.Cli.Commands;

/// <summary>Reads the lists that flags take, separated by commas.</summary>
internal static class ListText
{
    /// <summary>Reads names: at least one, each once.</summary>
    public static IReadOnlyList<string> Names(string flag, string text) => Parts(flag, text);

    /// <summary>Reads whole numbers, ≥ 0.</summary>
    public static IReadOnlyList<int> Counts(string flag, string text) =>
        [.. Parts(flag, text).Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw new AgentRagException($"{flag}: '{part}' is not a whole number."))];

    /// <summary>Reads numbers.</summary>
    public static IReadOnlyList<double> Numbers(string flag, string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number : throw new AgentRagException($"{flag}: '{part}' is not a number."))];

    /// <summary>Reads numbers of tokens, such as <c>16k,1M</c>, in rising order.</summary>
    public static IReadOnlyList<long> Tokens(string flag, string text) => [.. Parts(flag, text).Select(SettingText.Tokens).Order()];

    /// <summary>Reads one of an enumeration's names, written with hyphens.</summary>
    public static T OneOf<T>(string flag, string text)
        where T : struct, Enum => Enum.GetValues<T>().Where(value => Hyphenated(value) == text.Trim()).Select(value => (T?)value).FirstOrDefault()
            ?? throw new AgentRagException($"{flag}: '{text}' is none of {string.Join(", ", Enum.GetValues<T>().Select(Hyphenated))}.");

    /// <summary>A name of an enumeration, written with hyphens.</summary>
    public static string Hyphenated<T>(T value)
        where T : struct, Enum =>
        string.Concat($"{value}".Select((letter, i) => char.IsUpper(letter) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"));

    private static List<string> Parts(string flag, string text)
    {
        List<string> parts = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
        return parts.Count > 0 ? parts : throw new AgentRagException($"{flag}: '{text}' names nothing.");
    }
}
