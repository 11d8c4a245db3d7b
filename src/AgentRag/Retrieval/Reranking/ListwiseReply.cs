using System.Globalization;
using System.Text.RegularExpressions;

namespace AgentRag.Retrieval.Reranking;

/// <summary>The reply of a listwise request: <c>[3] &gt; [1] &gt; [2]</c> and nothing else.</summary>
internal static partial class ListwiseReply
{
    /// <summary>Reads the order.</summary>
    /// <param name="reply">The model's text.</param>
    /// <param name="count">Number of passages that were asked about.</param>
    /// <returns>
    /// All positions from 0, best first; those that the reply leaves out come last, in their old order. Null when the text is of another form, or names
    /// a passage twice or one that was not there.
    /// </returns>
    public static IReadOnlyList<int>? Parse(string reply, int count)
    {
        if (!Form().IsMatch(reply))
        {
            return null;
        }

        List<int> order = [];
        foreach (var match in Number().EnumerateMatches(reply))
        {
            if (!int.TryParse(reply.AsSpan(match.Index, match.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1 || number > count || order.Contains(number - 1))
            {
                return null;
            }

            order.Add(number - 1);
        }

        return [.. order, .. Enumerable.Range(0, count).Except(order)];
    }

    [GeneratedRegex(@"\A\s*\[[0-9]{1,4}\](?:\s*>\s*\[[0-9]{1,4}\])*\s*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Form();

    [GeneratedRegex("[0-9]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Number();
}
