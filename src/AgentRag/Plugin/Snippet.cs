using System.Text.RegularExpressions;

namespace AgentRag.Plugin;

/// <summary>The part of a passage that says most about a query.</summary>
internal static partial class Snippet
{
    private const int Characters = 240;

    /// <summary>Cuts out the stretch of text with most of the query's words in it; from the beginning when it has none.</summary>
    public static string Of(string text, string query)
    {
        if (text.Length <= Characters)
        {
            return text;
        }

        var asked = Word().Matches(query).Select(match => match.Value).Where(word => word.Length > 2).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var hits = Word().Matches(text).Where(match => asked.Contains(match.Value)).ToList();
        var (start, most) = (0, 0);
        foreach (var hit in hits)
        {
            var inside = hits.Where(other => other.Index >= hit.Index && other.Index + other.Length <= hit.Index + Characters)
                .Select(other => other.Value).Distinct(StringComparer.OrdinalIgnoreCase).Count();
            (start, most) = inside > most ? (hit.Index, inside) : (start, most);
        }

        // A few words in front make it readable.
        start = start < 40 ? 0 : text.IndexOf(' ', start - 40) + 1;
        return start == 0 ? PluginJson.Cut(text, Characters) : $"…{PluginJson.Cut(text[start..], Characters)}";
    }

    [GeneratedRegex(@"[\p{L}\p{N}]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();
}
