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

    private static readonly Regex KinOf = Pattern(@"^[Ww]ho (is|was) (the )?((?<of>(paternal |maternal )?[\w-]+) of (?<name>.+?)|(?<name>.+?)'s (?<own>(paternal |maternal )?[\w-]+))$");
    private static readonly Regex Bare = Pattern(@"^([Ww]ho|[Ww]hat|[Ww]hich|[Ww]here|[Ww]hen) (is|was|are|were) Xanswer9$");
    private static readonly Regex PossessedNoun = Pattern(@"^([\w-]+ )?[\w-]+");
    private static readonly Regex RoleOfName = Pattern(@"\b[Tt]he (?<noun>([\w-]+ )?(?<head>[\w-]+)) (of|for|behind) (the )?(?<thing>[a-z]+ )?(called |named |titled )?(?<name>[\p{Lu}\d""])");
    private static readonly Regex SubjectVerb = Pattern(@"^(?<subject>.+?) (?<verb>is|was|are|were|did|does|has|had) (?<rest>.+)$");
    private static readonly Regex AskWord = Pattern(@"\b([Ww]hat|[Ww]hich|[Ww]ho|[Ww]hom|[Ww]hose|[Ww]here|[Ww]hen|[Hh]ow)\b");
    private static readonly Regex FirstIsAsk = Pattern(@"^([Ww]hat|[Ww]hich|[Ww]ho|[Ww]hom|[Ww]hose|[Ww]here|[Ww]hen|[Hh]ow|[Ww]hy|[Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Dd]id|[Dd]oes|[Dd]o|([Ii]n|[Aa]t|[Oo]n|[Ff]or|[Tt]o|[Ff]rom|[Bb]y) (what|which|whom|whose))\b");

    // "X plays on a team based in what state": what stands behind the noun asks about it.
    private static readonly Regex EchoQuestion = Pattern(
        @"^(?<head>.+) (a|an|the|another|this) (?<noun>([\w-]+ ){0,4}?[\w-]+) ((that|which|who) (?<clause>.+)|(?<part>\w+(ed|wn|lt|en|ng|wn|de|ld) .+|(from|in|by|for) (what|which|who).*))$");

    private static readonly Regex RelativeClause = Pattern(
        @"\b(?<whole>(the|a|an) (?<noun>([\w-]+ ){0,3}?[\w-]+),? (?<rel>where|in which|at which|that|which|who) (?<clause>([^,]|, \p{Lu})+?))(?<tail>,$|, [^\p{Lu}]|$| (born|based|located|founded|formed|released|headquartered|built|die|died|opened|established|from|live|lived|situated|play|played|study)$)");

    private static readonly Regex Unfinished = Pattern(@" (is|was|are|were|be|been)$");
    private static readonly Regex Finished = Pattern(@"^(?<clause>.+? (is|was|are|were) (located|born|held|based|situated|founded|found|set|built)) .+$");

    private static readonly Regex Agent = Pattern(
        @"(?<whole>the (?<noun>([\w-]+ ){0,2}?[\w-]+) (?<verb>directed|written|composed|designed|built|founded|painted|created|invented|discovered|owned|developed|published|produced|performed|recorded|sung|led|established) by (?<name>[\p{Lu}\d""][^,]*?))(?<tail>,|$| (?:is|was|were|are|has|had|located|born|die|died|live|lived)\b)");

    private static readonly Regex Described = Pattern(@"(?<lead>^.+?\b(of|by|in|at|from) )(?<whole>the (?<body>(oldest|largest|first|highest|longest|tallest|youngest|biggest|smallest|deepest|second|last|only|main|most \w+) [^,]+?))$");

    /// <summary>The sub-queries, innermost first; the question alone when it holds no description.</summary>
    public static IReadOnlyList<string> Steps(string question)
    {
        List<string> steps = [];
        var rest = question.TrimEnd(' ', '?');
        if (Echo(rest) is var (inner, outer))
        {
            steps.Add(inner);
            rest = outer;
        }

        while (steps.Count < MostSteps - 1 && Inner(rest) is { } found)
        {
            steps.Add(found.Query);
            rest = rest.Remove(found.Start, found.Length).Insert(found.Start, $"{Held}{steps.Count}");
        }

        if (KinTerm(rest) is { } kin)
        {
            steps.Add(kin.Inner);
            rest = $"{kin.Outer} {Held}{steps.Count}";
        }

        steps.Add($"{rest}?");
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
        return Bare.IsMatch(rest) || inner.Query.Length < 12 ? null : inner;
    }

    // "X is on a network founded by whom": the network first, then who founded it.
    private static (string Inner, string Outer)? Echo(string text)
    {
        var match = FirstIsAsk.IsMatch(text) ? Match.Empty : EchoQuestion.Match(text);
        if (!match.Success || match.Groups["noun"].Value.Split(' ').Any(Words.IsStop) || AskWord.IsMatch(match.Groups["head"].Value))
        {
            return null;
        }

        var (clause, part) = (match.Groups["clause"], match.Groups["part"]);
        return AskWord.IsMatch(clause.Value) || AskWord.IsMatch(part.Value)
            ? ($"{match.Groups["head"].Value} which {match.Groups["noun"].Value}?", clause.Success ? $"{Held}1 {clause.Value}" : $"{Held}1 is {part.Value}")
            : null;
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

            var noun = PossessedNoun.Match(text[(mark + 3)..]).Value;
            var first = noun.Split(' ')[0];
            var kept = IsKinTerm(noun) ? noun : Relational.Contains(first) || IsKinTerm(first) ? first : null;
            var name = NameBefore(text, mark);
            if (kept is not null && name < mark)
            {
                return (Possession(text[name..mark], kept), name, mark + 3 + kept.Length - name);
            }
        }

        return null;
    }

    private static string Possession(string owner, string noun) => NounKinds.Of(noun.Split(' ')[^1]) switch
    {
        AnswerKind.Country => $"Which country is {owner} from?",
        AnswerKind.Place or AnswerKind.Organisation or AnswerKind.Date or AnswerKind.Number => $"What is {owner}'s {noun}?",
        _ => $"Who is {owner}'s {noun}?",
    };

    // "the director of the film X", "the performer of song Y": the last one is the innermost.
    private static (string Query, int Start, int Length)? OfName(string text)
    {
        (string, int, int)? last = null;
        foreach (Match match in RoleOfName.Matches(text))
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
            if (end < text.Length - 2 && (text.AsSpan(end).StartsWith("'s ") || IsAdjective(text, match.Groups["name"].Index, end)))
            {
                continue;
            }

            last = ($"Who is the {nounStart} of {text[(thing.Success ? thing.Index : match.Groups["name"].Index)..end]}?", start, end - start);
        }

        return last;
    }

    // "the daughter of the English painter": the capital begins no name.
    private static bool IsAdjective(string text, int start, int end) =>
        text[end] == ' ' && char.IsLower(text[end + 1]) && Demonyms.IsKnown(text[start..end].ToLowerInvariant());

    // "the company that built the X", "the town where Y was born"
    private static (string Query, int Start, int Length)? Relative(string text)
    {
        var match = RelativeClause.Match(text);
        while (match.Success && match.Groups["noun"].Value.Split(' ').Any(Words.IsStop))
        {
            match = RelativeClause.Match(text, match.Groups["noun"].Index);
        }

        if (!match.Success || match.Groups["whole"].Index == 0 || AskWord.IsMatch(match.Groups["clause"].Value))
        {
            return null;
        }

        var (noun, clause, whole) = (match.Groups["noun"].Value, match.Groups["clause"].Value.Trim(), match.Groups["whole"]);
        var end = whole.Index + whole.Length;
        if (Unfinished.IsMatch(clause))
        {
            (clause, end) = (clause + text[end..], text.Length);
        }
        else if (Finished.Match(clause) is { Success: true } finished)
        {
            end -= clause.Length - finished.Groups["clause"].Length;
            clause = finished.Groups["clause"].Value;
        }

        var query = match.Groups["rel"].Value switch
        {
            "where" or "in which" or "at which" => Asked(noun, clause),
            "who" => $"Who {clause}?",
            _ => NounKinds.Of(noun.Split(' ')[^1]) == AnswerKind.Person ? $"Who {clause}?" : $"Which {noun} {clause}?",
        };
        return (query, whole.Index, end - whole.Index);
    }

    // "X was born" -> "In which town was X born?"
    private static string Asked(string noun, string clause)
    {
        var verb = SubjectVerb.Match(clause);
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
        var match = KinOf.Match(text);
        var term = match.Success ? match.Groups["of"].Value + match.Groups["own"].Value : "";
        return InLaw.TryGetValue(term, out var path) ? ($"Who is the {path.Inner} of {match.Groups["name"].Value}?", $"Who is the {path.Outer} of") : null;
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
