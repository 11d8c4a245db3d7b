using System.Collections.Frozen;

namespace AgentRag.Models.Extractive;

/// <summary>Which kind of thing a common noun names, so that "which river" asks for a place and "is a river in" describes one.</summary>
internal static class NounKinds
{
    private static readonly FrozenDictionary<string, AnswerKind> Kinds = Read(
        (AnswerKind.Person, """
            person man woman people actor actress singer musician author writer poet novelist painter artist director producer composer
            founder inventor engineer architect
            scientist king queen emperor empress prince princess duke duchess count countess earl baron lord lady politician president
            minister chancellor
            governor mayor senator player footballer coach manager pianist guitarist drummer rapper songwriter screenwriter playwright
            explorer
            philosopher scholar bishop pope saint monk priest general admiral officer soldier commander character individual leader ruler
            father mother son daughter brother sister husband wife spouse child parent sibling uncle aunt cousin nephew niece grandfather
            grandmother
            grandson granddaughter stepmother stepfather widow consort successor predecessor designer builder developer creator owner
            performer editor
            publisher sculptor photographer model dancer conductor captain sailor pilot driver cyclist swimmer wrestler boxer student
            teacher professor
            lawyer judge physician doctor nurse chemist physicist historian journalist host comedian astronomer botanist biologist
            mathematician cartographer keeper merchant businessman businesswoman entrepreneur lyricist translator illustrator golfer
            cricketer
            brewer baker mason carpenter weaver miller gardener potter clockmaker shipbuilder member star nobleman noblewoman magnate
            statesman queen-consort
            """),
        (AnswerKind.Place, """
            place city town village state county province region district area island river lake sea ocean mountain hill valley bay
            peninsula
            continent location birthplace hometown capital municipality parish suburb neighbourhood neighborhood settlement territory port
            harbour harbor street
            bridge castle palace park forest desert canyon airport station stadium commune prefecture borough canal viaduct lighthouse
            square strait gulf cape coast waterway site community residence home bank headquarters colony kingdom venue mountains range
            """),
        (AnswerKind.Country, "country nation"),
        (AnswerKind.Organisation, """
            company corporation firm organisation organization band group team club university college school institute institution agency
            party
            league orchestra ensemble label newspaper station network brand airline bank society association church order army navy
            department
            government museum library academy observatory guild foundry brewery manufacturer duo trio choir body union hospital theatre
            theater workshop
            """),
        (AnswerKind.Work, """
            film movie song album book novel play opera series show magazine poem painting story single game musical symphony
            documentary sitcom comic ballet soundtrack drama sculpture statue soap
            """),
        (AnswerKind.Date, "year date day month decade century birthday birthdate time era"),
        (AnswerKind.Number, """
            number population height length width depth age distance amount percentage area size output capacity weight speed elevation
            score rank ranking
            cost price budget total span
            """),
        (AnswerKind.Nationality, "nationality citizenship ethnicity"),
        (AnswerKind.Phrase, "profession occupation genre type kind sort career role position instrument style language sport material species cause term"));

    /// <summary>The kind of thing the noun names; <see cref="AnswerKind.Any"/> when the noun is not known.</summary>
    public static AnswerKind Of(string lower)
    {
        if (Kinds.TryGetValue(lower, out var kind)
            || (lower.EndsWith("ies", StringComparison.Ordinal) && Kinds.TryGetValue(string.Concat(lower.AsSpan(0, lower.Length - 3), "y"), out kind))
            || (lower.EndsWith('s') && Kinds.TryGetValue(lower[..^1], out kind)))
        {
            return kind;
        }

        return lower.Length > 5 && lower.EndsWith("ist", StringComparison.Ordinal) ? AnswerKind.Person : AnswerKind.Any;
    }

    private static FrozenDictionary<string, AnswerKind> Read(params ReadOnlySpan<(AnswerKind Kind, string Nouns)> lists)
    {
        Dictionary<string, AnswerKind> kinds = [];
        foreach (var (kind, nouns) in lists)
        {
            foreach (var noun in Words.Set(nouns))
            {
                kinds.TryAdd(noun, kind);
            }
        }

        return kinds.ToFrozenDictionary();
    }
}
