namespace AgentRag.Models.Extractive;

/// <summary>What kind of text answers a question.</summary>
internal enum AnswerKind
{
    /// <summary>Nothing is known: any name, title, number or noun phrase.</summary>
    Any,
    Person,
    Place,
    Country,
    Organisation,
    Work,
    Date,
    Number,
    Nationality,

    /// <summary>A common noun phrase, such as an occupation or a genre.</summary>
    Phrase,
    YesNo,
}
