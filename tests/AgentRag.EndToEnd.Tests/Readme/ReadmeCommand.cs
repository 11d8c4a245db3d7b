using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace AgentRag.EndToEnd.Tests.Readme;

/// <summary>A command of the README.</summary>
/// <param name="Section">The heading that it stands below.</param>
/// <param name="Text">As it is written, without the comment behind it.</param>
/// <param name="IsInSentence">Whether it stands in a sentence or table rather than in a block of commands.</param>
internal sealed partial record ReadmeCommand(string Section, string Text, bool IsInSentence)
{
    /// <summary>All commands, in the order of the file.</summary>
    public static IReadOnlyList<ReadmeCommand> All { get; } = [.. Read(File.ReadAllLines(Path.Combine(Repository, "README.md")))];

    /// <summary>The checkout.</summary>
    public static string Repository => Find();

    private static IEnumerable<ReadmeCommand> Read(IReadOnlyList<string> lines)
    {
        var (section, fence) = ("The beginning", (string?)null);
        foreach (var line in lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                fence = fence is null ? line[3..] : null;
            }
            else if (fence is { Length: 0 })
            {
                if (Comment().Replace(line, "").Trim() is { Length: > 0 } command)
                {
                    yield return new ReadmeCommand(section, command, IsInSentence: false);
                }
            }
            else if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = line[3..];
            }
            else if (fence is null)
            {
                foreach (var quoted in Quoted().Matches(line).Select(match => match.Groups["text"].Value).Where(text => OurCommand().IsMatch(text)))
                {
                    yield return new ReadmeCommand(section, quoted, IsInSentence: true);
                }
            }
        }
    }

    private static string Find([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    // A block of commands has no language; behind a command two spaces or more stand before its comment.
    [GeneratedRegex(@"\s{2,}#\s.*$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Comment();

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^(?:[A-Z_]+=\S+ +)*(?:agentrag|dotnet) ", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OurCommand();
}
