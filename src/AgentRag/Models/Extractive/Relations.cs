namespace AgentRag.Models.Extractive;

/// <summary>The well-known relations and how questions ask for them.</summary>
internal static class Relations
{
    private static readonly Relation BirthDate = Relation.Of("birth date", AnswerKind.Date, "~birth * @; ( @; ( * @ –; ( * @ -; ~birth * * @");
    private static readonly Relation DeathDate = Relation.Of("death date", AnswerKind.Date, "died|d. * @; – @ ); - @ ); – * @ ); ( # @; ~die * @; until his|her death in @; –|- @");
    private static readonly Relation BirthPlace = Relation.Of("birth place", AnswerKind.Place,
        "~birth in|at|near @; ~birth * in|at|near @; ~birth * * in|at|near @; ( # , @; ( # in @; native of @; grew up in @; from @; originally from @; birthplace * @; ~birth * to * in @");
    private static readonly Relation DeathPlace = Relation.Of("death place", AnswerKind.Place,
        "died in|at|near @; died * in|at|near @; –|- # , @; –|- # in @; ~die * in|at|near @; ~die * * in|at|near @; killed * in|at @; executed * in|at @; death in @");
    private static readonly Relation Burial = Relation.Of("burial", AnswerKind.Place, "buried * in|at @; interred * in|at @; tomb * in|at @; buried @");
    private static readonly Relation Study = Relation.Of("study", AnswerKind.Organisation,
        "educated at @; educated * at @; ~attend * @; graduated from @; ~graduat * from|at @; ~studi * at @; degree * from|at|of @; ~stud * at @; alumnus of @; went to @");
    private static readonly Relation DeathCause = Relation.Of("death cause", AnswerKind.Phrase, "died|dying of|from @; ~die * of|from @; cause of death was @; killed by|in @; diagnosed with @; suffering from @");
    private static readonly Relation Nationality = Relation.Of("nationality", AnswerKind.Nationality, "is|was a|an|the @; is|was a|an|the * @; ~birth * in * , @");
    private static readonly Relation Country = Relation.Of("country", AnswerKind.Country, "in * , @; in * , * , @; in @; of @; country of @");
    private static readonly Relation Release = Relation.Of("release", AnswerKind.Date, "is|was|are a|an|the @; is|was a|an|the * @; ~releas * @; premiered * @; ~publish * @; aired * @; ~record * @; in @; ( @ )");
    private static readonly Relation Founded = Relation.Of("foundation", AnswerKind.Date,
        "~found|~form|~establish|~creat|~start|~build|~open|~complet|~erect|~construct|~launch|~incorporat in|on @; ~found|~form|~establish|~creat|~start|~build|~open|~complet|~erect|~launch * in|on|since|to @; since @; ~begin * @; ~found|~form|~establish|~build|~open * @; is|was a|an @");
    private static readonly Relation Occupation = Relation.Of("occupation", AnswerKind.Phrase, "");

    private static readonly Dictionary<string, Relation> Kin = new()
    {
        ["father"] = Relation.Of("father", AnswerKind.Person,
            "~son|~daughter|child of the|his|her @; ~son|~daughter|child of @; ~son|~daughter|child of * @; ~birth to @; father , @; father was|is @; father * @; @ 's ~son|~daughter", "father"),
        ["mother"] = Relation.Of("mother", AnswerKind.Person,
            "~son|~daughter|child of % and * @; ~son|~daughter|child of * % and * @; ~son|~daughter|child of * % * and * @; ~birth to % and @; mother , @; mother was|is @; mother * @; by his wife * @; by * wife , @; ~son|~daughter|child of @", "mother"),
        ["spouse"] = Relation.Of("spouse", AnswerKind.Person,
            "~marri to @; ~marri @; ~marri * @; wife|husband|widow|consort|queen of * @; wife|husband|spouse|consort , @; wife|husband|spouse|consort * @; marriage to|with * @", "wife husband spouse widow consort"),
        ["child"] = Relation.Of("child", AnswerKind.Person,
            "father|mother|parent of * @; ~son|~daughter|child|children , @; ~son|~daughter|child|children is|was|include|including|: * @; ~son|~daughter|child|children * @", "son daughter child"),
        ["sibling"] = Relation.Of("sibling", AnswerKind.Person, "brother|sister|sibling of * @; brother|sister|sibling , @; brother|sister|brothers|sisters|siblings * @", "brother sister sibling"),
        ["grandparent"] = Relation.Of("grandparent", AnswerKind.Person, "grandson|granddaughter|grandchild of * @; grandfather|grandmother * @", "grandfather grandmother"),
        ["uncle"] = Relation.Of("uncle", AnswerKind.Person, "nephew|niece of * @; uncle|aunt * @", "uncle aunt"),
        ["performer"] = Relation.Of("performer", AnswerKind.Person,
            "performed by @; recorded by @; ~perform * by * @; song|album|single|track|ballad|record by * @; song|album|single|ep|track of * @; ~record * by * @; ~sing by * @; by * @; song from * @; singer @; @ 's * album|single|song", ""),
        ["composer"] = Relation.Of("composer", AnswerKind.Person,
            "~compos by * @; music * by * @; score * by * @; ~compos * by * @; music director|composer * @; composer * @; soundtrack * by * @; songs * by * @; music * @; written by * @", ""),
        ["director"] = Relation.Of("director", AnswerKind.Person, "~direct by * @; ~direct * by * @; ~direct and * by * @; director * @; film by * @; @ 's * film; ~direct * @; ~edit by @", ""),
        ["founder"] = Relation.Of("founder", AnswerKind.Person, "~found by * @; ~found * by * @; ~establish|~creat|~start * by * @; founder * @; @ * ~found", "founder founded"),
        ["author"] = Relation.Of("author", AnswerKind.Person, "written by * @; ~writ * by * @; novel|book|play|poem|story by * @; novel|book|play|poem|story of * @; @ 's * novel|book|play|poem; author|writer * @; by @", ""),
    };

    private static readonly Dictionary<string, string> KinOfNoun = new()
    {
        ["father"] = "father", ["mother"] = "mother", ["wife"] = "spouse", ["husband"] = "spouse", ["spouse"] = "spouse", ["widow"] = "spouse", ["son"] = "child",
        ["daughter"] = "child", ["child"] = "child", ["brother"] = "sibling", ["sister"] = "sibling", ["sibling"] = "sibling", ["grandfather"] = "grandparent",
        ["grandmother"] = "grandparent", ["uncle"] = "uncle", ["aunt"] = "uncle", ["performer"] = "performer", ["singer"] = "performer", ["composer"] = "composer",
        ["director"] = "director", ["founder"] = "founder", ["author"] = "author", ["writer"] = "author",
    };

    /// <summary>The well-known relation a question asks for; null when it asks for something else.</summary>
    public static Relation? Of(Query query)
    {
        foreach (var token in query.Tokens)
        {
            if (KinOfNoun.TryGetValue(token.Lower, out var kin) && query.Kind is AnswerKind.Person or AnswerKind.Any)
            {
                return Kin[kin];
            }
        }

        return query.Kind switch
        {
            AnswerKind.Person when query.Has("direct") => Kin["director"],
            AnswerKind.Person when query.Has("compos") => Kin["composer"],
            AnswerKind.Person when query.Has("perform") || query.Has("sing") => Kin["performer"],
            AnswerKind.Person when query.Has("writ") => Kin["author"],
            AnswerKind.Person when query.Has("found") => Kin["founder"],
            AnswerKind.Person when query.Has("marri") => Kin["spouse"],
            AnswerKind.Date when query.Has("die") => DeathDate,
            AnswerKind.Date when query.Has("birth") || query.Has("birthday") || query.Has("birthdat") => BirthDate,
            AnswerKind.Date when query.Has("releas") || query.Has("publish") || query.Has("premier") || query.Has("come") => Release,
            AnswerKind.Date when query.Has("found") || query.Has("form") || query.Has("establish") || query.Has("build") || query.Has("open") || query.Has("complet")
                || query.Has("creat") || query.Has("start") || query.Has("begin") => Founded,
            AnswerKind.Place when query.Has("bury") || query.Has("buri") || query.Has("burial") => Burial,
            AnswerKind.Place when query.Has("die") => DeathPlace,
            AnswerKind.Place or AnswerKind.Country or AnswerKind.Any when query.Has("birth") || query.Has("birthplac") => BirthPlace,
            AnswerKind.Place or AnswerKind.Organisation or AnswerKind.Any when query.Has("stud") || query.Has("studi") || query.Has("study") || query.Has("educat") || query.Has("graduat") => Study,
            AnswerKind.Nationality => Nationality,
            AnswerKind.Country => Country,
            AnswerKind.Phrase when query.Has("die") => DeathCause,
            AnswerKind.Phrase when query.HeadNoun is "profession" or "occupation" => Occupation,
            _ => null,
        };
    }
}
