using System.Globalization;
using AgentRag.Evaluation.Statistics;

namespace AgentRag.Evaluation.Reports;

/// <summary>Numbers as reports print them: metrics in percent with one decimal, tokens short.</summary>
internal static class ReportNumbers
{
    public static string Percent(double? share) => share is { } value ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) : "–";

    public static string Signed(double share) => (100 * share).ToString("+0.0;−0.0;0.0", CultureInfo.InvariantCulture);

    public static string Range(EstimatedMean? interval) => interval is null ? "" : $"{Percent(interval.Low)} to {Percent(interval.High)}";

    public static string Tokens(double tokens) => tokens switch
    {
        < 1_000 => tokens.ToString("0", CultureInfo.InvariantCulture),
        < 1_000_000 => (tokens / 1_000).ToString("0.#", CultureInfo.InvariantCulture) + "k",
        _ => (tokens / 1_000_000).ToString("0.##", CultureInfo.InvariantCulture) + "M",
    };

    public static string Seconds(double seconds) => seconds.ToString(seconds < 1 ? "0.000" : "0.0", CultureInfo.InvariantCulture);

    public static string Dollars(double? dollars) => dollars is { } value ? value.ToString(value is 0 or >= 0.1 ? "$0.00" : "$0.0000##", CultureInfo.InvariantCulture) : "–";

    /// <summary>Percentage points per 1,000 tokens.</summary>
    public static string Gain(double? points) => points is { } value ? value.ToString("+0.00;−0.00;0.00", CultureInfo.InvariantCulture) : "–";

    /// <summary>Means of k, m and n.</summary>
    public static string Used(Runs.ConfigurationScores scored) =>
        string.Create(CultureInfo.InvariantCulture, $"{scored.MeanUsedK:0.#}, {scored.MeanUsedM:0.#}, {scored.MeanIterations:0.#}");

    public static string P(double p) => p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);
}
