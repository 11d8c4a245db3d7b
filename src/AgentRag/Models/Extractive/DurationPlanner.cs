using System.Text.RegularExpressions;

namespace AgentRag.Models.Extractive;

/// <summary>Plans questions for the years between two events: "How old was X when ...", "How many years after A did B ...".</summary>
internal static class DurationPlanner
{
    private static readonly Regex Age = Pattern(@"^([Hh]ow old|[Aa]t what age|[Ww]hat age) (was|is|were|had|did) (?<who>.+?)( be| reached| turned)? (when|at the time) (?<event>.+)$");
    private static readonly Regex AgeVerb = Pattern(@"^[Aa]t what age did (?<who>\p{Lu}.+?) (?<event>[a-z].*)$");
    private static readonly Regex Between = Pattern(@"^[Hh]ow (many years|long) (passed |elapsed |lay |went by |are there |were there |was it )?between (?<a>.+?) and (?<b>.+)$");
    private static readonly Regex Apart = Pattern(@"^[Hh]ow (many years|long) (?<order>after|before) (?<a>.+?) (?<b>(was|were|is|did|had) .+)$");
    private static readonly Regex Pronoun = Pattern(@"^(she|he|it|they) ");
    private static readonly Regex ClauseVerb = Pattern(@"^(?<subject>.+?) (?<verb>is|was|were|are) (?<rest>.+)$");

    public static QuestionPlan? Plan(string question)
    {
        var text = question.TrimEnd(' ', '?');
        var age = Age.Match(text) is { Success: true } when ? when : AgeVerb.Match(text);
        if (age.Success)
        {
            var who = age.Groups["who"].Value;
            var clause = Pronoun.Replace(age.Groups["event"].Value, $"{who} ");
            return Years($"When was {who} born?", Asked(clause.StartsWith(who, StringComparison.Ordinal) || clause != age.Groups["event"].Value || AgeVerb.Match(text) != age ? clause : $"{who} {clause}"));
        }

        if (Between.Match(text) is { Success: true } between)
        {
            return Years(Asked(between.Groups["a"].Value), Asked(between.Groups["b"].Value));
        }

        return Apart.Match(text) is { Success: true } apart ? Years(Asked(apart.Groups["a"].Value), $"When {apart.Groups["b"].Value}?") : null;
    }

    private static QuestionPlan Years(string first, string second) => new([first, second], Combination.Years, [], [0, 1]);

    // "X was built" -> "When was X built?"; "the opening of X" -> "When was the opening of X?"
    private static string Asked(string clause)
    {
        var match = ClauseVerb.Match(clause);
        return match.Success ? $"When {match.Groups["verb"].Value} {match.Groups["subject"].Value} {match.Groups["rest"].Value}?" : $"When was {clause}?";
    }

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);
}
