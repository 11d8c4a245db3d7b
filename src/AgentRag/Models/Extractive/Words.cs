using System.Collections.Frozen;
using System.Text;

namespace AgentRag.Models.Extractive;

/// <summary>English function words, a light stemmer and the form in which names are compared.</summary>
internal static class Words
{
    private static readonly FrozenSet<string> Stop = Set("""
        a an the of in on at by for from to with without into onto over under between among through during before after about against as than
        and or but nor so if then that this these those which who whom whose what where when why how there here
        is are was were be been being am do does did done has have had having will would shall should can could may might must
        he she it they we you i him her his hers its their theirs them us our your my me himself herself itself themselves
        not no also both either each other such same own very more most only just some any all s 't ' ’s 's
        """);

    private static readonly FrozenDictionary<string, string> Irregular = new Dictionary<string, string>
    {
        ["wrote"] = "writ",
        ["written"] = "writ",
        ["write"] = "writ",
        ["writes"] = "writ",
        ["writer"] = "writ",
        ["author"] = "writ",
        ["authored"] = "writ",
        ["built"] = "build",
        ["sang"] = "sing",
        ["sung"] = "sing",
        ["won"] = "win",
        ["winner"] = "win",
        ["led"] = "lead",
        ["made"] = "make",
        ["held"] = "hold",
        ["taught"] = "teach",
        ["began"] = "begin",
        ["begun"] = "begin",
        ["died"] = "die",
        ["dies"] = "die",
        ["death"] = "die",
        ["dying"] = "die",
        ["born"] = "birth",
        ["married"] = "marri",
        ["marry"] = "marri",
        ["marriage"] = "marri",
        ["wed"] = "marri",
        ["drew"] = "draw",
        ["drawn"] = "draw",
        ["flew"] = "fly",
        ["sold"] = "sell",
        ["ran"] = "run",
        ["lies"] = "lie",
        ["lay"] = "lie",
        ["stood"] = "stand",
        ["crossed"] = "cross",
        ["spoke"] = "speak",
        ["spoken"] = "speak",
        ["gave"] = "give",
        ["given"] = "give",
        ["took"] = "take",
        ["taken"] = "take",
        ["went"] = "go",
        ["came"] = "come",
        ["grew"] = "grow",
        ["grown"] = "grow",
        ["men"] = "man",
        ["women"] = "woman",
        ["cities"] = "city",
        ["countries"] = "country",
        ["children"] = "child",
    }.ToFrozenDictionary();

    private static readonly string[] Suffixes =
        ["izations", "ization", "ations", "ation", "ments", "ment", "ings", "ing", "ors", "ers", "ions", "ion", "or", "er", "ed", "es", "s", "e"];

    public static FrozenSet<string> Set(string words) =>
        words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet();

    public static bool IsStop(string lower) => Stop.Contains(lower);

    /// <summary>A rough stem: agent nouns, participles and plurals of one verb fall together (director, directed, directs).</summary>
    public static string Stem(string lower)
    {
        if (Irregular.TryGetValue(lower, out var stem))
        {
            return stem;
        }

        foreach (var suffix in Suffixes)
        {
            if (lower.Length >= suffix.Length + 3 && lower.EndsWith(suffix, StringComparison.Ordinal))
            {
                var cut = lower[..^suffix.Length];
                return cut.Length > 3 && cut[^1] == cut[^2] && cut[^1] is not ('s' or 'l') ? cut[..^1] : cut;
            }
        }

        return lower.Length > 3 && lower[^1] == 'y' ? string.Concat(lower.AsSpan(0, lower.Length - 1), "i") : lower;
    }

    /// <summary>A name as it is compared: lower case, letters and digits alone, one blank between words.</summary>
    public static string Key(string name)
    {
        var key = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            if (char.IsLetterOrDigit(c))
            {
                key.Append(char.ToLowerInvariant(c));
            }
            else if (c is not ('\'' or '’' or '.') && key.Length > 0 && key[^1] != ' ')
            {
                key.Append(' ');
            }
        }

        return key.ToString().TrimEnd();
    }
}
