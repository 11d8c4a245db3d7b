using System.Globalization;
using AgentRag.Evaluation.Statistics;

namespace AgentRag.Cli.Output;

/// <summary>Numbers as they are printed: metrics in percent with one decimal.</summary>
internal static class Scores
{
    public static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>A metric with half the width of its interval: <c>45.2 ±4.1</c>.</summary>
    public static string Percent(EstimatedMean? interval) => interval is null ? "" : $"{Percent(interval.Value)} ±{Percent((interval.High - interval.Low) / 2)}";

    public static string Tokens(double tokens) => tokens.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Tokens as <c>812</c>, <c>16.4k</c> or <c>1.25M</c>.</summary>
    public static string ShortTokens(double tokens) => tokens switch
    {
        < 1_000 => tokens.ToString("0", CultureInfo.InvariantCulture),
        < 1_000_000 => (tokens / 1_000).ToString("0.#", CultureInfo.InvariantCulture) + "k",
        _ => (tokens / 1_000_000).ToString("0.##", CultureInfo.InvariantCulture) + "M",
    };

    public static string Dollars(double dollars) => dollars.ToString(dollars is 0 or >= 0.1 ? "$0.00" : "$0.0000##", CultureInfo.InvariantCulture);

    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 90 } => $"{Math.Ceiling(time.TotalSeconds):0} s",
        { TotalMinutes: < 90 } => $"{Math.Ceiling(time.TotalMinutes):0} min",
        _ => time.TotalHours.ToString("0.0 h", CultureInfo.InvariantCulture),
    };
}
