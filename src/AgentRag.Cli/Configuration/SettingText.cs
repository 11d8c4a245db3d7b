using System.Globalization;
using AgentRag.Demonstrations;

namespace AgentRag.Cli.Configuration;

/// <summary>Reads the texts of settings.</summary>
internal static class SettingText
{
    /// <summary>Reads a number of tokens: <c>4096</c>, <c>4,096</c>, <c>32k</c>, <c>1M</c>; k is 1,000 and M is 1,000,000, as in the paper's 16k to 5M.</summary>
    /// <exception cref="AgentRagException">It is no such number, or below 1.</exception>
    public static long Tokens(string text)
    {
        var (digits, factor) = text.Trim() switch
        {
            [.. var head, 'k' or 'K'] => (head, 1_000L),
            [.. var head, 'm' or 'M'] => (head, 1_000_000L),
            var all => (all, 1L),
        };
        return decimal.TryParse(digits, NumberStyles.AllowThousands | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number > 0 && number <= long.MaxValue / factor && number * factor == decimal.Truncate(number * factor)
            ? (long)(number * factor)
            : throw new AgentRagException($"'{text}' is not a number of tokens: write it as 4096, 4,096, 32k (32,000) or 1M (1,000,000).");
    }

    /// <summary>Reads a number of tokens that one request may have.</summary>
    public static int WindowTokens(string text) => Tokens(text) is var tokens and <= int.MaxValue
        ? (int)tokens
        : throw new AgentRagException($"'{text}' is too many tokens: at most {int.MaxValue:N0}.");

    /// <summary>Reads a whole number, ≥ 0.</summary>
    public static int Count(string text) => int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new AgentRagException($"'{text}' is not a whole number.");

    /// <summary>Reads the name of a selection of demonstrations.</summary>
    public static DemonstrationSelection Selection(string text) =>
        Enum.GetValues<DemonstrationSelection>().Where(selection => $"{selection}".Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)).Cast<DemonstrationSelection?>().FirstOrDefault()
            ?? throw new AgentRagException($"there is no selection '{text}': use fixed, random, nearest or diverse");

    /// <summary>Reads any text but the empty one.</summary>
    public static string Text(string text) => text.Trim() is { Length: > 0 } trimmed ? trimmed : throw new AgentRagException("The value is empty.");

    /// <summary>Reads paths, separated as in PATH.</summary>
    public static IReadOnlyList<string> Paths(string text) =>
        text.Split(Path.PathSeparator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
