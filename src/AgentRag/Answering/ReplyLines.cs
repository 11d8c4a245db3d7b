using System.Text.RegularExpressions;

namespace AgentRag.Answering;

/// <summary>A reply that is a list: one entry per line.</summary>
internal static partial class ReplyLines
{
    /// <summary>The entries, without the numbers and bullets that models write although they are asked not to.</summary>
    public static IReadOnlyList<string> Read(string reply) =>
    [
        .. reply.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => SelfAskReply.Cut(Bullet().Replace(line, "")))
            .Where(line => line.Length > 0),
    ];

    [GeneratedRegex(@"\A(?:\d{1,2}[.)]|[-*•])\s+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Bullet();
}
