using System.Globalization;

namespace AgentRag.Cli.Configuration;

/// <summary>What the cache may give again; each level includes those before it.</summary>
internal enum CacheReuse
{
    /// <summary>The result of exactly the same query, request or rendering: nothing but time and money changes.</summary>
    Exact,

    /// <summary>The answer to the same sub-query in another prompt that holds the passages it cites.</summary>
    Intermediate,

    /// <summary>The answer to a question that asks nearly the same.</summary>
    Semantic,
}

/// <summary>Reads the settings of the cache.</summary>
internal static class CacheReuses
{
    public const string Off = "off";

    public static CacheReuse Parse(string text) => text switch
    {
        "exact" => CacheReuse.Exact,
        "intermediate" => CacheReuse.Intermediate,
        "semantic" => CacheReuse.Semantic,
        _ => throw new AgentRagException($"there is no level '{text}': use exact, intermediate or semantic"),
    };

    public static double ParseSimilarity(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1
        ? number
        : throw new AgentRagException($"'{text}' is not a similarity: a number above 0 and at most 1 is expected, such as 0.95");
}
