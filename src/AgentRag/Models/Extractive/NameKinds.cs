namespace AgentRag.Models.Extractive;

/// <summary>What kind of thing a name in the passages names, by the passage about it, its own words or the words before it.</summary>
internal sealed class NameKinds
{
    private readonly Dictionary<string, AnswerKind> _defined = [];

    public NameKinds(IReadOnlyList<PassageText> passages)
    {
        foreach (var passage in passages)
        {
            if (passage.Definition is { Kind: not AnswerKind.Any } definition)
            {
                _defined.TryAdd(passage.TitleKey, definition.Kind);
            }
        }
    }

    /// <summary>The kind; <see cref="AnswerKind.Any"/> when nothing tells.</summary>
    public AnswerKind Of(IReadOnlyList<Token> tokens, Span span, string key)
    {
        if (_defined.TryGetValue(key, out var kind))
        {
            return kind;
        }

        if (span.Form == SpanForm.Quote)
        {
            return AnswerKind.Work;
        }

        if (Demonyms.IsCountry(key))
        {
            return AnswerKind.Country;
        }

        var own = NounKinds.Of(tokens[span.End - 1].Lower);
        own = own == AnswerKind.Any ? NounKinds.Of(tokens[span.Start].Lower) : own;
        if (own is AnswerKind.Place or AnswerKind.Organisation or AnswerKind.Work or AnswerKind.Person)
        {
            return own;
        }

        var before = span.Start > 0 ? tokens[span.Start - 1] : null;
        if (before?.Lower is "in" or "near" or "at" or "to" or "from" || IsLargerPlace(tokens, span.Start))
        {
            return AnswerKind.Place;
        }

        if (before is not null && !before.IsCapital && NounKinds.Of(before.Lower) is not AnswerKind.Any and var role)
        {
            return role;
        }

        return before?.Lower is "by" && span.End - span.Start is 2 or 3 ? AnswerKind.Person : AnswerKind.Any;
    }

    // "in Selm, Veland": what follows a place and a comma is a place as well.
    private static bool IsLargerPlace(IReadOnlyList<Token> tokens, int start)
    {
        while (start > 2 && tokens[start - 1].Text == "," && tokens[start - 2].IsCapital)
        {
            start -= 2;
            while (start > 0 && tokens[start - 1].IsCapital)
            {
                start--;
            }

            if (start > 0 && tokens[start - 1].Lower is "in" or "near" or "at" or "from")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a passage says that the name is of another kind than the one asked for.</summary>
    public bool IsKnownAsOther(string key, AnswerKind asked) => _defined.TryGetValue(key, out var kind) && !Fits(kind, asked);

    public static bool Fits(AnswerKind kind, AnswerKind asked) =>
        kind == AnswerKind.Any || asked == AnswerKind.Any || kind == asked
        || (kind is AnswerKind.Place or AnswerKind.Country && asked is AnswerKind.Place or AnswerKind.Country);
}
