using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace AgentRag.Models.Extractive;

/// <summary>Plans questions that compare two named things: one sub-query about each, then the comparison.</summary>
internal static class ComparisonPlanner
{
    private static readonly FrozenSet<string> Least = Words.Set("first earlier earliest older oldest elder eldest smaller smallest shorter shortest fewer least lower lowest before sooner");

    private static readonly FrozenSet<string> Greatest = Words.Set(
        "later latest last younger youngest newer newest recently recent larger largest bigger biggest taller tallest longer longest higher highest deeper deepest more most greater wider heavier after");

    private static readonly FrozenSet<string> Roles = Words.Set("director composer author writer performer founder producer designer architect creator singer screenwriter builder");

    private static readonly Regex Predicate = Pattern(@"^(which|who|what)( \w+)? (?<rest>(is|was|are|were|has|did|does)\b.*)$");
    private static readonly Regex MadeVerb = Pattern(@"\b(founded|formed|established|opened|built|completed|created|launched|published|started|constructed|incorporated|invented|discovered|signed|written|introduced|began|designed|made|painted)\b");
    private static readonly Regex SameNoun = Pattern(@"\b(the same|share|one) (?<noun>[\w ]+?)( as each other)?$");
    private static readonly Regex TailChoice = Pattern(@"^(?<ask>(which|who|what|in which|of|between).*?)(, | : |: |, between )(?<a>.+?),? or (?<b>.+?)$");
    private static readonly Regex BareChoice = Pattern(@"^(?<ask>(which|who|what)\b.*? (first|earlier|later|older|younger|longer|larger|taller|recently|last|newer|bigger|higher|smaller|shorter)) (?<a>\p{Lu}.*?) or (?<b>.+?)$");
    private static readonly Regex HeadChoice = Pattern(@"^(was|is|were|are|did|does|has|do) (?<a>.+?) or (?<b>.+?) (?<ask>[a-z][^A-Z]*?)$");
    private static readonly Regex LeadChoice = Pattern(@"^(?<a>.+?) or (?<b>.+?)(: |, |; | - | – )(?<ask>(which|who|what)\b.*)$");
    private static readonly Regex CleftChoice = Pattern(@"^(is|was) it (?<a>.+?) or (?<b>.+?) (?<ask>(that|which|who) .*)$");
    private static readonly Regex Pair = Pattern(@"^(?<verb>are|were|is|was|do|did|does|have|has) (?<both>both )?(?<lead>[^A-Z""]*?)(?<a>[\p{Lu}\d""].*?),? (and|or) (?<b>[\p{Lu}\d""].*)$");
    private static readonly Regex Shared = Pattern(@"^(what|which) (?<noun>[\w ]+?) (do|does|did|are) (?<both>both )?(?<a>\p{Lu}.*?) and (?<b>\p{Lu}.*?) (?<ask>(both )?(have in common|share|belong|from|known).*?)$");
    private static readonly Regex SharedTail = Pattern(@"^(?<a>\p{Lu}.*?) and (?<b>\p{Lu}.*?) (are|were|is|was|have|has|share) (both )?(?<ask>.*?)(what|which) (?<noun>[\w ]+?)$");

    public static QuestionPlan? Plan(string question)
    {
        // Patterns are written for a question word in lower case; only a name may begin with a capital.
        question = question.EndsWith('?') ? question[..^1].TrimEnd() : question.TrimEnd();
        if (question.Length == 0)
        {
            return null;
        }

        var lowered = $"{char.ToLowerInvariant(question[0])}{question[1..]}";
        return Choice(lowered) ?? Choice(question) ?? Alike(lowered) ?? InCommon(lowered) ?? InCommon(question);
    }

    // "Which film came out first, A or B?"
    private static QuestionPlan? Choice(string question)
    {
        var match = Choose(question);
        if (match is null)
        {
            return null;
        }

        var (ask, a, b) = (match.Groups["ask"].Value, Clean(match.Groups["a"].Value), Clean(match.Groups["b"].Value));
        var words = ask.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var least = Array.Exists(words, Least.Contains);
        var greatest = Array.Exists(words, Greatest.Contains);
        if (!least && !greatest)
        {
            var predicate = Predicate.Match(ask);
            return predicate.Success ? Of(Combination.Fitting, a, b, [$"{Verb(predicate.Groups["rest"].Value, "{0}")}?"], role: null) : null;
        }

        var role = RoleIn(words);
        if (words.Contains("longer") && (words.Contains("lived") || words.Contains("live")))
        {
            return Of(Combination.LongestSpan, a, b, ["When was {0} born?", "When did {0} die?"], role);
        }

        var attribute = Attribute(ask, words);
        // The older of two was born earlier; the longer of two is the greater.
        var combination = least && !attribute.StartsWith("How", StringComparison.Ordinal) || (least && !greatest) ? Combination.Least : Combination.Greatest;
        return Of(combination, a, b, [attribute], role);
    }

    private static Match? Choose(string question)
    {
        foreach (var pattern in new[] { CleftChoice, TailChoice, BareChoice, HeadChoice, LeadChoice })
        {
            var match = pattern.Match(question);
            if (match.Success)
            {
                return match;
            }
        }

        return null;
    }

    private static string Attribute(string ask, string[] words)
    {
        var lower = $" {string.Join(' ', words.Select(word => string.Concat(word.Select(char.ToLowerInvariant))))} ";
        bool Holds(string word) => lower.Contains(word, StringComparison.Ordinal);
        var verb = MadeVerb.Match(ask);
        return Holds(" die") ? "When did {0} die?"
            : Holds(" born ") || Holds(" older") || Holds(" elder") || Holds(" eldest") || Holds(" younger") || Holds(" oldest") || Holds(" youngest") ? "When was {0} born?"
            : Holds(" population") || Holds(" people") || Holds(" populous") || Holds(" inhabitants") ? "What is the population of {0}?"
            : verb.Success ? $"When was {{0}} {verb.Value}?"
            : Holds(" tall") || Holds(" high") ? "How tall is {0}?"
            : Holds(" longer") || Holds(" longest") || Holds(" shorter") ? "How long is {0}?"
            : Holds(" deep") ? "How deep is {0}?"
            : Holds(" larg") || Holds(" big") || Holds(" small") ? "How large is {0}?"
            : (Holds(" more ") || Holds(" most ") || Holds(" fewer ")) && !Holds(" recent") ? $"How many {Counted(words)} does {{0}} have?"
            : "When was {0} released?";
    }

    // "has the director who", "whose director": the comparison is of the directors.
    private static string? RoleIn(string[] words)
    {
        var i = Array.FindIndex(words, word => Roles.Contains(word.TrimEnd('s')));
        return i > 0 && words[i - 1] is "the" or "whose" or "their" ? words[i].TrimEnd('s') : null;
    }

    private static string Counted(string[] words)
    {
        var i = Array.FindIndex(words, word => word is "more" or "most" or "fewer");
        return i + 1 < words.Length ? words[i + 1] : "people";
    }

    // "Are A and B in the same country?", "Are both A and B novelists?"
    private static QuestionPlan? Alike(string question)
    {
        var match = Pair.Match(question);
        if (!match.Success)
        {
            return null;
        }

        var (a, tail) = (Clean(match.Groups["a"].Value), match.Groups["b"].Value);
        var end = EndOfName(tail);
        if (end >= tail.Length)
        {
            return null;
        }

        var (b, predicate) = (Clean(tail[..end]), tail[end..].Trim().TrimEnd('?').Trim());
        var same = SameNoun.Match(predicate);
        var role = RoleIn(predicate.Split(' '));
        if (!same.Success)
        {
            return match.Groups["both"].Success || predicate.Contains("both", StringComparison.Ordinal)
                ? Of(Combination.Same, a, b, [$"{match.Groups["verb"].Value switch { "are" => "Is", "were" => "Was", "have" => "Has", _ => "Is" }} {{0}} {predicate.Replace("both ", "", StringComparison.Ordinal)}?"], role)
                : null;
        }

        var noun = same.Groups["noun"].Value.Split(' ')[^1];
        var query = predicate switch
        {
            _ when predicate.Contains("born", StringComparison.Ordinal) || predicate.Contains("native", StringComparison.Ordinal) => noun is "year" or "month" ? "When was {0} born?" : "Where was {0} born?",
            _ when predicate.Contains("die", StringComparison.Ordinal) => noun is "year" or "month" ? "When did {0} die?" : "Where did {0} die?",
            _ when noun is "nationality" || (role is not null && noun is "country") => "What is the nationality of {0}?",
            _ when noun is "country" => "Which country is {0} from?",
            _ when noun is "year" => "When was {0} released?",
            _ => $"What is the {noun} of {{0}}?",
        };
        return Of(Combination.Same, a, b, [query], role);
    }

    // "What profession do A and B have in common?"
    private static QuestionPlan? InCommon(string question)
    {
        var match = Shared.Match(question) is { Success: true } first ? first : SharedTail.Match(question);
        if (!match.Success)
        {
            return null;
        }

        var noun = match.Groups["noun"].Value.Split(' ')[^1];
        return Of(Combination.Common, Clean(match.Groups["a"].Value), Clean(match.Groups["b"].Value), [$"What is the {noun} of {{0}}?"], role: null);
    }

    private static QuestionPlan Of(Combination combination, string a, string b, IReadOnlyList<string> attributes, string? role)
    {
        List<string> steps = role is null ? [] : [$"Who is the {role} of {a}?", $"Who is the {role} of {b}?"];
        var (first, second) = role is null ? (a, b) : ("#1", "#2");
        List<int> deciding = [];
        foreach (var option in new[] { first, second })
        {
            foreach (var attribute in attributes)
            {
                deciding.Add(steps.Count);
                steps.Add(attribute.Replace("{0}", option, StringComparison.Ordinal));
            }
        }

        return new QuestionPlan(steps, combination, [a, b], deciding);
    }

    // "is American" -> "Is {0} American"
    private static string Verb(string predicate, string subject)
    {
        var blank = predicate.IndexOf(' ', StringComparison.Ordinal);
        return blank < 0 ? $"Is {subject} {predicate}" : $"{char.ToUpperInvariant(predicate[0])}{predicate[1..blank]} {subject} {predicate[(blank + 1)..].Trim()}";
    }

    /// <summary>The end of the name that a text opens with: before the first word that starts small and joins no further capital.</summary>
    private static int EndOfName(string text)
    {
        var end = 0;
        for (var i = 0; i < text.Length;)
        {
            var stop = text.IndexOf(' ', i);
            stop = stop < 0 ? text.Length : stop;
            if (char.IsUpper(text[i]) || char.IsAsciiDigit(text[i]) || text[i] is '"' or '(' or '&' or '-' or '–' or '\'')
            {
                end = stop;
            }
            else if (text[i..stop] is not ("of" or "the" or "de" or "la" or "in" or "on" or "von" or "van" or "for" or "to") || stop >= text.Length || !char.IsUpper(text[stop + 1]))
            {
                break;
            }

            i = stop + 1;
        }

        return end;
    }

    private static string Clean(string name)
    {
        var trimmed = name.Trim(' ', ',', ':');
        return trimmed.StartsWith("the ", StringComparison.Ordinal) ? trimmed[4..] : trimmed;
    }

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);
}
