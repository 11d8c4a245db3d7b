using System.Collections.Frozen;

namespace AgentRag.Models.Extractive;

/// <summary>Answers a question for a well-known relation from the passages about the named thing.</summary>
internal static class RelationReader
{
    private static readonly FrozenSet<string> OfPersons = Words.Set("son daughter child wife husband brother sister film mother father");

    public static Finding? Read(Query query, Relation relation, IReadOnlyList<PassageText> passages)
    {
        var name = query.NameKeys.OrderByDescending(key => key.Length).FirstOrDefault();
        if (name is null)
        {
            return null;
        }

        var kinds = new NameKinds(passages);
        Finding? best = null;
        foreach (var passage in passages)
        {
            var about = passage.IsAbout(name);
            foreach (var (sentence, index) in passage.Sentences.Select((sentence, index) => (sentence, index)))
            {
                var strength = about >= 0.5 ? about : sentence.Mentions(name) ? Elsewhere(sentence, relation, name) : 0;
                if (strength == 0)
                {
                    continue;
                }

                if (about < 0.5 && Inverse(sentence, relation, name) && passage.Title.Length > 0)
                {
                    Keep(passage.Title, passage, 0.7);
                }

                for (var cue = 0; cue < relation.Cues.Count; cue++)
                {
                    if (relation.Cues[cue].Match(sentence, at => AnswerAt(sentence, relation.Kind, at, query, kinds)) is { } span)
                    {
                        Keep(AnswerText(sentence, span, relation.Kind), passage, strength - (0.03 * cue) - (0.01 * Math.Min(index, 10)));
                        break;
                    }
                }
            }
        }

        return best;

        void Keep(string answer, PassageText passage, double confidence)
        {
            if (answer.Length > 0 && confidence > (best?.Confidence ?? 0))
            {
                best = new Finding(answer, [passage.Number], Math.Min(1, confidence));
            }
        }
    }

    // In a passage about something else, a sentence speaks of the named thing surely only where it opens with the name.
    private static double Elsewhere(SentenceText sentence, Relation relation, string name) =>
        sentence.Names.Count > 0 && sentence.Names[0].Start < 2 && Words.Key(sentence.Names[0].TextIn(sentence.Tokens)) == name ? 0.55
        : relation.Kind == AnswerKind.Person ? 0.45
        : 0.3;

    // "in X", "lord of X" name places, but "son of X" and "film of X" persons.
    private static bool FollowsPlaceWord(IReadOnlyList<Token> tokens, int at) =>
        at > 1 && tokens[at - 1].Lower is "in" or "at" or "from" or "near" or "of" && !OfPersons.Contains(tokens[at - 2].Lower);

    private static bool LooksLikePerson(IReadOnlyList<Token> tokens, Span name) =>
        NounKinds.Of(tokens[name.End - 1].Lower) is AnswerKind.Any or AnswerKind.Person
        && Enumerable.Range(name.Start, name.End - name.Start).Any(i => tokens[i].Text.Any(char.IsLower));

    private static bool Inverse(SentenceText sentence, Relation relation, string name)
    {
        var tokens = sentence.Tokens;
        for (var i = 0; i + 2 < tokens.Count; i++)
        {
            if (relation.Inverse.Contains(tokens[i].Lower) && tokens[i + 1].Lower == "of"
                && sentence.Names.Any(n => n.Start > i && n.Start <= i + 6 && Words.Key(n.TextIn(tokens)).Contains(name, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    private static Span? AnswerAt(SentenceText sentence, AnswerKind kind, int at, Query query, NameKinds kinds)
    {
        var tokens = sentence.Tokens;
        switch (kind)
        {
            case AnswerKind.Date:
                return Cue.SpanAt(sentence.DateSpans, at);
            case AnswerKind.Nationality:
                return Demonyms.IsAt(tokens, at) ? new Span(at, at + 1, SpanForm.Name) : null;
            case AnswerKind.Phrase:
                return Phrases.At(tokens, at);
            default:
                var span = Cue.SpanAt(sentence.Names, at);
                if (span is not { } name || Demonyms.IsAt(tokens, at) && name.End == at + 1)
                {
                    return null;
                }

                if (kind == AnswerKind.Person && FollowsPlaceWord(tokens, at))
                {
                    return null;
                }

                var key = Words.Key(name.TextIn(tokens));
                return key.Length == 0
                    || kinds.IsKnownAsOther(key, kind)
                    || (kind == AnswerKind.Person && !LooksLikePerson(tokens, name))
                    || query.Key.Contains($" {key} ", StringComparison.Ordinal) || NamesSubject(sentence, key, kind) ? null : name;
        }
    }

    // A passage names its own subject again and again; that is no answer about it.
    private static bool NamesSubject(SentenceText sentence, string key, AnswerKind kind) =>
        $" {sentence.Passage.TitleKey} ".Contains($" {key} ", StringComparison.Ordinal)
        || (kind != AnswerKind.Person && sentence.IsFirst && sentence.SubjectKey == key);

    // A place keeps the larger one behind it: "Selm, Hale Province".
    private static string AnswerText(SentenceText sentence, Span span, AnswerKind kind) =>
        kind == AnswerKind.Place && Places.Chain(sentence, span) is [_, var larger, ..] ? Tokenizer.Text(sentence.Tokens, span.Start, larger.End) : span.TextIn(sentence.Tokens);
}
