using System.Globalization;

namespace AgentRag.Cli.Output;

/// <summary>Metrics as they are printed: percent with one decimal.</summary>
internal static class Scores
{
    public static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    public static string Tokens(double tokens) => tokens.ToString("N0", CultureInfo.InvariantCulture);
}
