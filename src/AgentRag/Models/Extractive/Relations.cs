namespace AgentRag.Models.Extractive;

/// <summary>The well-known relations and how questions ask for them.</summary>
internal static class Relations
{
    private static readonly Relation BirthDate = Relation.Of("birth date", AnswerKind.Date, "~born * @; ( @; ( * @ –; ( * @ -; ~born * * @");
    private static readonly Relation DeathDate = Relation.Of("death date", AnswerKind.Date,
        """
        died|d. * @; – @ ); - @ ); – * @ ); ( # @; ~died * @; until his|her death in @; –|- @
        """);
    private static readonly Relation BirthPlace = Relation.Of("birth place", AnswerKind.Place,
        """
        ~born in|at|near @; ~born * in|at|near @; ~born * * in|at|near @; ( # , @; ( # in @; native of @; grew up in @; from @;
        originally from @; birthplace * @; ~born * to * in @
        """);
    private static readonly Relation DeathPlace = Relation.Of("death place", AnswerKind.Place,
        """
        died in|at|near @; died * in|at|near @; –|- # , @; –|- # in @; ~died * in|at|near @; ~died * * in|at|near @;
        killed * in|at @; executed * in|at @; death in @
        """);
    private static readonly Relation Burial = Relation.Of("burial", AnswerKind.Place,
        """
        buried * in|at @; interred * in|at @; tomb * in|at @; buried @
        """);
    private static readonly Relation Study = Relation.Of("study", AnswerKind.Organisation,
        """
        educated at @; educated * at @; ~attended * @; graduated from @; ~graduated * from|at @; ~studied * at @;
        degree * from|at|of @; ~studying * at @; alumnus of @; went to @
        """);
    private static readonly Relation DeathCause = Relation.Of("death cause", AnswerKind.Phrase,
        """
        died|dying of|from @; ~died * of|from @; cause of death was @; killed by|in @; diagnosed with @; suffering from @
        """);
    private static readonly Relation Nationality = Relation.Of("nationality", AnswerKind.Nationality,
        """
        is|was a|an|the @; is|was a|an|the * @; ~born * in * , @
        """);
    private static readonly Relation Release = Relation.Of("release", AnswerKind.Date,
        """
        is|was|are a|an|the @; is|was a|an|the * @; ~released * @; premiered * @; ~published * @; aired * @; ~recorded * @;
        in @; ( @ )
        """);
    private static readonly Relation Founded = Relation.Of("foundation", AnswerKind.Date,
        """
        ~founded|~formed|~established|~created|~started|~built|~opened|~completed|~erected|~constructed|~launched|~incorporated in|on @;
        ~founded|~formed|~established|~created|~started|~built|~opened|~completed|~erected|~launched * in|on|since|to @;
        since @; ~began * @; ~founded|~formed|~established|~built|~opened * @; is|was a|an @
        """);
    private static readonly Relation Occupation = Relation.Of("occupation", AnswerKind.Phrase, "");

    private static readonly Dictionary<string, Relation> Kin = new()
    {
        ["father"] = Relation.Of("father", AnswerKind.Person,
            """
            son|daughter|child of the|his|her @; son|daughter|child of @; son|daughter|child of * @; ~born to @; father , @;
            father was|is @; father * @; @ 's son|daughter
            """, "father"),
        ["mother"] = Relation.Of("mother", AnswerKind.Person,
            """
            son|daughter|child of % and * @; son|daughter|child of * % and * @; son|daughter|child of * % * and * @;
            ~born to % and @; mother , @; mother was|is @; mother * @; by his wife * @; by * wife , @; son|daughter|child of @
            """, "mother"),
        ["spouse"] = Relation.Of("spouse", AnswerKind.Person,
            """
            ~married to @; ~married @; ~married * @; wife|husband|widow|consort|queen of * @; wife|husband|spouse|consort , @;
            wife|husband|spouse|consort * @; marriage to|with * @
            """, "wife husband spouse widow consort"),
        ["child"] = Relation.Of("child", AnswerKind.Person,
            """
            father|mother|parent of * @; son|daughter|child|children , @;
            son|daughter|child|children is|was|include|including|: * @; son|daughter|child|children * @
            """, "son daughter child"),
        ["sibling"] = Relation.Of("sibling", AnswerKind.Person,
            """
            brother|sister|sibling of * @; brother|sister|sibling , @; brother|sister|brothers|sisters|siblings * @
            """, "brother sister sibling"),
        ["grandparent"] = Relation.Of("grandparent", AnswerKind.Person,
            """
            grandson|granddaughter|grandchild of * @; grandfather|grandmother * @
            """, "grandfather grandmother"),
        ["uncle"] = Relation.Of("uncle", AnswerKind.Person, "nephew|niece of * @; uncle|aunt * @", "uncle aunt"),
        ["performer"] = Relation.Of("performer", AnswerKind.Person,
            """
            performed by @; recorded by @; ~performed * by * @; song|album|single|track|ballad|record by * @;
            song|album|single|ep|track of * @; ~recorded * by * @; ~sung by * @; by * @; song from * @; singer @;
            @ 's * album|single|song
            """, ""),
        ["composer"] = Relation.Of("composer", AnswerKind.Person,
            """
            ~composed by * @; music * by * @; score * by * @; ~composed * by * @; music director|composer * @; composer * @;
            soundtrack * by * @; songs * by * @; music * @; written by * @
            """, ""),
        ["director"] = Relation.Of("director", AnswerKind.Person,
            """
            ~directed by * @; ~directed * by * @; ~directed and * by * @; director * @; film by * @; @ 's * film; ~directed * @;
            ~edited by @
            """, ""),
        ["founder"] = Relation.Of("founder", AnswerKind.Person,
            """
            ~founded by * @; ~founded * by * @; ~established|~created|~started * by * @; founder * @; @ * ~founded
            """, "founder founded"),
        ["author"] = Relation.Of("author", AnswerKind.Person,
            """
            written by * @; ~written * by * @; novel|book|play|poem|story by * @; novel|book|play|poem|story of * @;
            @ 's * novel|book|play|poem; author|writer * @; by @
            """, ""),
    };

    private static readonly Dictionary<string, string> KinOfNoun = new()
    {
        ["father"] = "father",
        ["mother"] = "mother",
        ["wife"] = "spouse",
        ["husband"] = "spouse",
        ["spouse"] = "spouse",
        ["widow"] = "spouse",
        ["son"] = "child",
        ["daughter"] = "child",
        ["child"] = "child",
        ["brother"] = "sibling",
        ["sister"] = "sibling",
        ["sibling"] = "sibling",
        ["grandfather"] = "grandparent",
        ["grandmother"] = "grandparent",
        ["uncle"] = "uncle",
        ["aunt"] = "uncle",
        ["performer"] = "performer",
        ["singer"] = "performer",
        ["composer"] = "composer",
        ["director"] = "director",
        ["founder"] = "founder",
        ["author"] = "author",
        ["writer"] = "author",
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
            AnswerKind.Person when query.Has("directed") => Kin["director"],
            AnswerKind.Person when query.Has("composed") => Kin["composer"],
            AnswerKind.Person when query.Has("performed") || query.Has("sung") => Kin["performer"],
            AnswerKind.Person when query.Has("written") => Kin["author"],
            AnswerKind.Person when query.Has("founded") => Kin["founder"],
            AnswerKind.Person when query.Has("married") => Kin["spouse"],
            AnswerKind.Date when query.Has("died") => DeathDate,
            AnswerKind.Date when query.Has("born") || query.Has("birthday") || query.Has("birthdate") => BirthDate,
            AnswerKind.Date when query.Has("released") || query.Has("published") || query.Has("premiered") || query.Has("come") => Release,
            AnswerKind.Date when query.Has("founded") || query.Has("formed") || query.Has("established") || query.Has("built") || query.Has("opened") || query.Has("completed")
                || query.Has("created") || query.Has("started") || query.Has("began") => Founded,
            AnswerKind.Place when query.Has("buried") || query.Has("burial") => Burial,
            AnswerKind.Place when query.Has("died") => DeathPlace,
            AnswerKind.Place or AnswerKind.Country or AnswerKind.Any when query.Has("born") || query.Has("birthplace") => BirthPlace,
            AnswerKind.Place or AnswerKind.Organisation or AnswerKind.Any when query.Has("studied") || query.Has("studying") || query.Has("educated") || query.Has("graduated") => Study,
            AnswerKind.Nationality => Nationality,
            AnswerKind.Phrase when query.Has("died") => DeathCause,
            AnswerKind.Phrase when query.HeadNoun is "profession" or "occupation" => Occupation,
            _ => null,
        };
    }
}
