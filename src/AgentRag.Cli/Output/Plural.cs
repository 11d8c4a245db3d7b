using System.Globalization;

namespace AgentRag.Cli.Output;

/// <summary>Counts in words.</summary>
internal static class Plural
{
    /// <summary>A count with its noun: <c>1 passage</c>, <c>2,048 passages</c>.</summary>
    public static string Of(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? noun : noun.EndsWith('y') ? $"{noun[..^1]}ies" : $"{noun}s")}");
}
