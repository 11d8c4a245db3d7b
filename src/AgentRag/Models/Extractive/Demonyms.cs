using System.Collections.Frozen;

namespace AgentRag.Models.Extractive;

/// <summary>Adjectives of nationality: the commonest with their countries, others by their endings.</summary>
internal static class Demonyms
{
    private static readonly FrozenDictionary<string, string> Countries = """
        american=United States|british=United Kingdom|english=England|scottish=Scotland|welsh=Wales|irish=Ireland|french=France
        german=Germany|italian=Italy|spanish=Spain
        portuguese=Portugal|dutch=Netherlands|belgian=Belgium|swiss=Switzerland|austrian=Austria|danish=Denmark|swedish=Sweden
        norwegian=Norway|finnish=Finland
        icelandic=Iceland|polish=Poland|czech=Czech Republic|slovak=Slovakia|hungarian=Hungary|romanian=Romania|bulgarian=Bulgaria
        greek=Greece|turkish=Turkey
        russian=Russia|soviet=Soviet Union|ukrainian=Ukraine|serbian=Serbia|croatian=Croatia|slovenian=Slovenia|slovene=Slovenia
        bosnian=Bosnia and Herzegovina|yugoslav=Yugoslavia
        albanian=Albania|macedonian=North Macedonia|estonian=Estonia|latvian=Latvia|lithuanian=Lithuania|georgian=Georgia|armenian=Armenia
        iranian=Iran|iraqi=Iraq|israeli=Israel|egyptian=Egypt|moroccan=Morocco|algerian=Algeria|tunisian=Tunisia|nigerian=Nigeria
        kenyan=Kenya|ghanaian=Ghana|ethiopian=Ethiopia
        indian=India|pakistani=Pakistan|bangladeshi=Bangladesh|chinese=China|japanese=Japan|korean=Korea|vietnamese=Vietnam|thai=Thailand
        filipino=Philippines
        indonesian=Indonesia|malaysian=Malaysia|australian=Australia|canadian=Canada|mexican=Mexico|brazilian=Brazil|argentine=Argentina
        argentinian=Argentina|chilean=Chile
        peruvian=Peru|colombian=Colombia|venezuelan=Venezuela|cuban=Cuba|jamaican=Jamaica|roman=Rome|bolivian=Bolivia|uruguayan=Uruguay
        lebanese=Lebanon|syrian=Syria
        """.Split(['|', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(pair => pair.Split('='))
        .ToFrozenDictionary(pair => pair[0], pair => pair[1]);

    private static readonly string[] Endings = ["ian", "ish", "ese", "ean"];

    private static readonly FrozenSet<string> Names = Countries.Values.Select(Words.Key).ToFrozenSet();

    public static bool IsCountry(string name) => Names.Contains(Words.Key(name));

    /// <summary>The country of a nationality; the word itself when it is not a known one.</summary>
    public static string Country(string nationality) => Countries.GetValueOrDefault(LastPart(Words.Key(nationality)), nationality);

    public static bool IsKnown(string lower) => Countries.ContainsKey(lower);

    /// <summary>Whether the token is an adjective of nationality: a known one, or a capitalised word with such an ending before a common noun.</summary>
    public static bool IsAt(IReadOnlyList<Token> tokens, int i) =>
        tokens[i].IsCapital
        && (Countries.ContainsKey(LastPart(tokens[i].Lower))
            || (i + 1 < tokens.Count && !tokens[i + 1].IsCapital && tokens[i + 1].IsWord && !tokens[i + 1].IsStop
                && Array.Exists(Endings, ending => tokens[i].Lower.Length > ending.Length + 2 && tokens[i].Lower.EndsWith(ending, StringComparison.Ordinal))));

    /// <summary>The country of a nationality, or the text itself: "British" and "United Kingdom" compare equal.</summary>
    public static string CountryKey(string nationality) =>
        Words.Key(Country(nationality));

    private static string LastPart(string word) => word[(word.LastIndexOf('-') + 1)..];
}
