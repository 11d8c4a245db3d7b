using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace AgentRag.Models.Extractive;

/// <summary>Takes descriptions inside a question out, innermost first: "the director of the film X", "X's mother", "the town where Y was born".</summary>
internal static class NestedPlanner
{
    private const int MostSteps = 4;

    /// <summary>Stands for a step's answer while planning: it reads like a name.</summary>
    private const string Held = "Xanswer";

    private static readonly FrozenSet<string> Thing = Words.Set("film movie song album book novel play opera series show magazine university company band game poem painting city town country state");

    private static readonly FrozenDictionary<string, (string Outer, string Inner)> InLaw = new Dictionary<string, (string, string)>
    {
        ["paternal grandfather"] = ("father", "father"),
        ["maternal grandfather"] = ("father", "mother"),
        ["paternal grandmother"] = ("mother", "father"),
        ["maternal grandmother"] = ("mother", "mother"),
        ["father-in-law"] = ("father", "spouse"),
        ["mother-in-law"] = ("mother", "spouse"),
        ["sibling-in-law"] = ("sibling", "spouse"),
        ["brother-in-law"] = ("brother", "spouse"),
        ["sister-in-law"] = ("sister", "spouse"),
        ["son-in-law"] = ("husband", "daughter"),
        ["daughter-in-law"] = ("wife", "son"),
        ["child-in-law"] = ("spouse", "child"),
        ["stepmother"] = ("wife", "father"),
        ["stepfather"] = ("husband", "mother"),
        ["grandchild"] = ("child", "child"),
        ["great-grandfather"] = ("grandfather", "father"),
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> Relational = Words.Set("""
        father mother son daughter child brother sister sibling husband wife spouse widow uncle aunt grandfather grandmother stepmother stepfather parent
        director composer performer singer author writer founder producer creator designer architect builder owner inventor developer publisher painter editor star
        birthplace hometown capital country state county city nationality employer president king queen ruler leader mayor governor headquarters manufacturer discoverer
        successor predecessor captain coach screenwriter
        """);

    private static readonly Regex RelativeClause = Pattern(
        @"\b(?<whole>(the|a|an) (?<noun>([\w-]+ ){0,3}?[\w-]+),? (?<rel>where|in which|at which|that|which|who) (?<clause>[^,?]+?))(?<tail>,|\?|$| (?<verb>located|situated) in )");

    private static readonly Regex Agent = Pattern(
        @"(?<whole>the (?<noun>([\w-]+ ){0,2}?[\w-]+) (?<verb>directed|written|composed|designed|built|founded|painted|created|invented|discovered|owned|developed|published|produced|performed|recorded|sung|led|established) by (?<name>[\p{Lu}\d""][^,?]*?))(?<tail>,|\?|$| (?:is|was|were|are|has|had|located|born|die|died|live|lived)\b)");

    private static readonly Regex Described = Pattern(@"(?<lead>^.+?\b(of|by|in|at|from) )(?<whole>the (?<body>(oldest|largest|first|highest|longest|tallest|youngest|biggest|smallest|deepest|second|last|only|main|most \w+) [^,?]+?))\??$");

    /// <summary>The sub-queries, innermost first; the question alone when it holds no description.</summary>
    public static IReadOnlyList<string> Steps(string question)
    {
        List<string> steps = [];
        var rest = question;
        while (steps.Count < MostSteps - 1 && Inner(rest) is { } found)
        {
            steps.Add(found.Query);
            rest = rest.Remove(found.Start, found.Length).Insert(found.Start, $"{Held}{steps.Count}");
        }

        if (KinTerm(rest) is { } kin)
        {
            steps.Add(kin.Inner);
            rest = $"{kin.Outer} {Held}{steps.Count}?";
        }

        steps.Add(rest);
        return [.. steps.Select((step, i) => Shown(step, i))];
    }

    private static string Shown(string step, int index)
    {
        for (var i = index; i > 0; i--)
        {
            step = step.Replace($"{Held}{i}", $"#{i}", StringComparison.Ordinal);
        }

        return step;
    }

    private static (string Query, int Start, int Length)? Inner(string text)
    {
        var found = Possessed(text) ?? OfName(text) ?? ByAgent(text) ?? Relative(text) ?? Superlative(text);
        if (found is not { } inner)
        {
            return null;
        }

        // Nothing is won when the whole question is the description.
        var rest = text.Remove(inner.Start, inner.Length).Insert(inner.Start, $"{Held}9");
        return Pattern(@"^(who|what|which|where|when)( [\w-]+)? (is|was|are|were) Xanswer9 ?\??$").IsMatch(rest) ? null : inner;
    }

    // "X's mother"
    private static (string Query, int Start, int Length)? Possessed(string text)
    {
        for (var mark = text.IndexOf('\'', StringComparison.Ordinal); mark > 0; mark = text.IndexOf('\'', mark + 1))
        {
            if (mark + 2 >= text.Length || text[mark + 1] != 's' || text[mark + 2] != ' ')
            {
                continue;
            }

            var noun = Regex.Match(text[(mark + 3)..], @"^(?<noun>([\w-]+ )?[\w-]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture).Value;
            var first = noun.Split(' ')[0];
            var kept = IsKinTerm(noun) ? noun : Relational.Contains(first) || IsKinTerm(first) ? first : null;
            var name = NameBefore(text, mark);
            if (kept is not null && name < mark)
            {
                return ($"Who is {text[name..mark]}'s {kept}?", name, mark + 3 + kept.Length - name);
            }
        }

        return null;
    }

    // "the director of the film X", "the performer of song Y": the last one is the innermost.
    private static (string Query, int Start, int Length)? OfName(string text)
    {
        (string, int, int)? last = null;
        foreach (Match match in Pattern(@"\bthe (?<noun>([\w-]+ )?(?<head>[\w-]+)) (of|for|behind) (the )?(?<thing>[a-z]+ )?(called |named |titled )?(?<name>[\p{Lu}\d""])").Matches(text))
        {
            var thing = match.Groups["thing"];
            if (!Relational.Contains(match.Groups["head"].Value) || (thing.Success && !Thing.Contains(thing.Value.Trim())))
            {
                continue;
            }

            var nounStart = match.Groups["noun"].Value.Split(' ') is [var adjective, _] && !IsKinTerm(match.Groups["noun"].Value) && adjective.Length > 0
                ? match.Groups["head"].Value
                : match.Groups["noun"].Value;
            var start = match.Index;
            var end = NameEnd(text, match.Groups["name"].Index);
            if (end < text.Length - 2 && text.AsSpan(end).StartsWith("'s "))
            {
                continue;
            }

            last = ($"Who is the {nounStart} of {text[(thing.Success ? thing.Index : match.Groups["name"].Index)..end]}?", start, end - start);
        }

        return last;
    }

    // "the company that built the X", "the town where Y was born"
    private static (string Query, int Start, int Length)? Relative(string text)
    {
        var match = RelativeClause.Match(text);
        if (!match.Success || match.Groups["whole"].Index == 0 || Words.IsStop(match.Groups["noun"].Value))
        {
            return null;
        }

        var (noun, clause, whole) = (match.Groups["noun"].Value, match.Groups["clause"].Value.Trim(), match.Groups["whole"]);
        var query = match.Groups["rel"].Value switch
        {
            "where" or "in which" or "at which" => Asked(noun, clause),
            "who" => $"Who {clause}?",
            _ => NounKinds.Of(noun.Split(' ')[^1]) == AnswerKind.Person ? $"Who {clause}?" : $"Which {noun} {clause}?",
        };
        return (query, whole.Index, whole.Length);
    }

    // "X was born" -> "In which town was X born?"
    private static string Asked(string noun, string clause)
    {
        var verb = Pattern(@"^(?<subject>.+?) (?<verb>is|was|are|were|did|does|has|had) (?<rest>.+)$").Match(clause);
        return verb.Success
            ? $"In which {noun} {verb.Groups["verb"].Value} {verb.Groups["subject"].Value} {verb.Groups["rest"].Value}?"
            : $"In which {noun} did {clause}?";
    }

    // "the bridge designed by X"
    private static (string Query, int Start, int Length)? ByAgent(string text)
    {
        var match = Agent.Match(text);
        var whole = match.Groups["whole"];
        return match.Success && whole.Index > 0
            ? ($"Which {match.Groups["noun"].Value} was {match.Groups["verb"].Value} by {match.Groups["name"].Value}?", whole.Index, whole.Length)
            : null;
    }

    // "the mascot of the oldest university in X"
    private static (string Query, int Start, int Length)? Superlative(string text)
    {
        var match = Described.Match(text);
        var whole = match.Groups["whole"];
        return match.Success ? ($"What is {whole.Value}?", whole.Index, whole.Length) : null;
    }

    private static (string Inner, string Outer)? KinTerm(string text)
    {
        foreach (var (term, (outer, inner)) in InLaw)
        {
            var match = Pattern($@"^(?<ask>who (is|was)) (the )?({term} of (?<name>.+?)|(?<name2>.+?)'s {term}) ?\??$").Match(text);
            if (match.Success)
            {
                var name = match.Groups["name"].Success ? match.Groups["name"].Value : match.Groups["name2"].Value;
                return ($"Who is the {inner} of {name}?", $"Who is the {outer} of");
            }
        }

        return null;
    }

    private static bool IsKinTerm(string noun) => InLaw.ContainsKey(noun);

    /// <summary>The end of the name that starts at a character of the question; a name in quotes ends with them, one in parentheses keeps them.</summary>
    private static int NameEnd(string text, int start)
    {
        if (text[start] == '"' && text.IndexOf('"', start + 1) is > 0 and var close)
        {
            return close + 1;
        }

        var end = start;
        for (var i = start; i < text.Length;)
        {
            var wordEnd = text.IndexOf(' ', i);
            wordEnd = wordEnd < 0 ? text.Length : wordEnd;
            var word = text[i..wordEnd];
            if (word.Length > 0 && (char.IsUpper(word[0]) || char.IsAsciiDigit(word[0]) || word[0] is '(' or '&' or '-' or '–' or '#'))
            {
                end = wordEnd;
                if (word[^1] == ',' && (wordEnd + 1 >= text.Length || char.IsLower(text[wordEnd + 1])))
                {
                    break;
                }
            }
            else if (word.Length > 3 || i - end > 8)
            {
                break;
            }

            i = wordEnd + 1;
        }

        while (end > start + 1 && text[end - 1] is '?' or ',' or '.')
        {
            end--;
        }

        return end > start + 2 && text[..end].EndsWith("'s", StringComparison.Ordinal) ? end - 2 : end;
    }

    private static int NameBefore(string text, int end)
    {
        var start = end;
        for (var i = end; i > 0;)
        {
            var wordStart = text.LastIndexOf(' ', i - 1) + 1;
            var word = text[wordStart..i];
            if (word.Length > 0 && (char.IsUpper(word[0]) || char.IsAsciiDigit(word[0]) || word[0] is '(' or '"' or '#') && wordStart > 0)
            {
                start = wordStart;
            }
            else if (word.Length > 3 || Words.IsStop(word) && word is not ("of" or "the" or "and"))
            {
                break;
            }

            i = wordStart - 1;
        }

        return start;
    }

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);
}
