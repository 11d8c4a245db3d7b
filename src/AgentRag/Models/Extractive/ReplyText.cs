using System.Text;
using System.Text.RegularExpressions;

namespace AgentRag.Models.Extractive;

/// <summary>The wire format of replies: one line, a fixed prefix, the bare answer, the numbers of its passages.</summary>
internal static class ReplyText
{
    public const string NotFound = "not found";
    private const string FollowUpPrefix = "Follow up: ";
    private const string IntermediatePrefix = "Intermediate answer: ";
    private const string FinalPrefix = "So the final answer is: ";
    private const int MostCharacters = 300;
    private const int MostCitations = 4;

    private static readonly Regex Reserved = new(
        @"(follow[\s-]*up|intermediate\s+answer|so\s+the\s+final\s+answer\s+is)\s*:", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static readonly Regex Citation = new(@"\s*\[\d+\]", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);

    public static string Answer(Finding? finding)
    {
        var text = finding is null ? "" : OneLine(finding.Answer);
        return text.Length == 0 || IsNotFound(text)
            ? NotFound
            : $"{text}{string.Concat(finding!.Passages.Distinct().Take(MostCitations).Select(number => $" [{number}]"))}";
    }

    public static string FollowUp(string subQuery) => FollowUpPrefix + OneLine(subQuery);

    public static string Intermediate(Finding? finding) => IntermediatePrefix + Answer(finding);

    public static string Final(Finding? finding) => FinalPrefix + Answer(finding);

    public static string Lines(IEnumerable<string> subQueries) => string.Join('\n', subQueries.Select(OneLine).Where(line => line.Length > 0));

    /// <summary>The first text that says anything: an empty reply would be an error.</summary>
    public static string Query(IEnumerable<string> texts) => texts.Select(OneLine).FirstOrDefault(line => line.Length > 0) ?? NotFound;

    public static bool IsNotFound(string answer) => answer.Trim().TrimEnd('.').Equals(NotFound, StringComparison.OrdinalIgnoreCase);

    public static string WithoutCitations(string answer) => Citation.Replace(answer, "").Trim();

    /// <summary>Passage text may say anything: what reaches a reply is one line without prefix, bracket or control character.</summary>
    private static string OneLine(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, MostCharacters));
        foreach (var rune in Reserved.Replace(Citation.Replace(text, " "), " ").EnumerateRunes())
        {
            var isBlank = Rune.IsWhiteSpace(rune) || Rune.IsControl(rune) || rune.Value is '[' or ']' || rune == Rune.ReplacementChar
                || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator;
            if (!isBlank)
            {
                line.Append(rune.ToString());
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }

            if (line.Length >= MostCharacters)
            {
                break;
            }
        }

        // What was taken out may have brought the two halves of a prefix together.
        var written = line.ToString().Trim();
        return Reserved.IsMatch(written) ? written.Replace(":", "", StringComparison.Ordinal) : written;
    }
}
