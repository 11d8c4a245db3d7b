namespace AgentRag.Models.Extractive;

/// <summary>What a passage says that its subject is: "a stone <b>bridge</b> across the Orm".</summary>
/// <param name="Sentence">The sentence that says so.</param>
/// <param name="Phrase">The noun phrase without its article.</param>
/// <param name="Noun">The head noun in lower case.</param>
/// <param name="Kind">The kind of thing the noun names.</param>
internal sealed record Definition(SentenceText Sentence, Span Phrase, string Noun, AnswerKind Kind);

/// <summary>Reads the "X is a Y" of a first sentence.</summary>
internal static class Definitions
{
    public static Definition? Find(SentenceText sentence)
    {
        var tokens = sentence.Tokens;
        for (var i = 0; i + 2 < tokens.Count && i < 80; i++)
        {
            if (tokens[i].Lower is not ("is" or "was" or "are" or "were") || tokens[i + 1].Lower is not ("a" or "an" or "the" or "one" or "any"))
            {
                continue;
            }

            var start = i + 2;
            var end = start;
            var noun = -1;
            while (end < tokens.Count && end - start < 14 && !Closes(tokens, end))
            {
                if (tokens[end].IsWord && (NounKinds.Of(tokens[end].Lower) != AnswerKind.Any || noun < 0 || NounKinds.Of(tokens[noun].Lower) == AnswerKind.Any))
                {
                    noun = end;
                }

                end++;
            }

            if (noun >= 0)
            {
                return new Definition(sentence, new Span(start, end, SpanForm.Phrase), tokens[noun].Lower, NounKinds.Of(tokens[noun].Lower));
            }
        }

        return null;
    }

    private static bool Closes(IReadOnlyList<Token> tokens, int i) =>
        tokens[i].Lower is "of" or "in" or "by" or "from" or "that" or "who" or "which" or "on" or "at" or "for" or "whose" or "where" or "with" or "," or "." or ";" or "(" or ":" or "based" or "located"
        or "directed" or "written" or "produced" or "founded" or "released" or "born" or "known" or "to" or "near" or "starring" or "built" or "made" or "designed" or "across" or "over" or "composed";
}
