namespace AgentRag.Models.Extractive;

/// <summary>A single-hop question taken apart: what kind of answer it wants, of which named things, and its content words.</summary>
internal sealed class Query
{
    public Query(string text)
    {
        Text = text;
        Tokens = Tokenizer.Tokens(text);
        Names = [.. NameSpans.In(Tokens).Select(span => span.TextIn(Tokens))];
        NameKeys = [.. Names.Select(Words.Key).Where(key => key.Length > 0)];
        (Kind, var wordIndex, HeadNoun) = ExpectedAnswer(Tokens);
        HeadStem = HeadNoun is null ? null : Words.Stem(HeadNoun);
        Stems = Tokens.Where((t, i) => t.IsWord && !t.IsStop && i != wordIndex).Select(t => t.Stem).ToHashSet();
        Key = $" {Words.Key(text)} ";
        Relation = Relations.Of(this);
    }

    public string Text { get; }

    public IReadOnlyList<Token> Tokens { get; }

    /// <summary>The names in the question, from left to right.</summary>
    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<string> NameKeys { get; }

    public AnswerKind Kind { get; }

    /// <summary>The noun behind "which" or "what", in lower case: "river" in "which river"; null without one.</summary>
    public string? HeadNoun { get; }

    public string? HeadStem { get; }

    /// <summary>Stems of the content words.</summary>
    public IReadOnlySet<string> Stems { get; }

    /// <summary>The whole question as a key between blanks; an answer never repeats a part of it.</summary>
    public string Key { get; }

    /// <summary>The relation asked for, when it is one of the well-known ones.</summary>
    public Relation? Relation { get; }

    /// <summary>Whether the question holds a form of the word.</summary>
    public bool Has(string word) => Stems.Contains(Words.Stem(word));

    private static (AnswerKind Kind, int HeadIndex, string? HeadNoun) ExpectedAnswer(IReadOnlyList<Token> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            switch (tokens[i].Lower)
            {
                case "who" or "whom" when i == 0 || !IsRelative(tokens, i):
                    return (AnswerKind.Person, -1, null);
                case "where" when i == 0 || !IsRelative(tokens, i):
                    return (AnswerKind.Place, -1, null);
                case "when" when i == 0 || !IsRelative(tokens, i):
                    return (AnswerKind.Date, -1, null);
                case "how" when i + 1 < tokens.Count:
                    return tokens[i + 1].Lower is "did" or "do" or "does" or "is" or "are" or "was" or "were"
                        ? (AnswerKind.Phrase, -1, null)
                        : (AnswerKind.Number, -1, null);
                case "why":
                    return (AnswerKind.Phrase, -1, null);
                case "what" or "which" or "whose" when i == 0 || !IsRelative(tokens, i):
                    return HeadOf(tokens, i);
            }
        }

        return tokens.Count > 0 && tokens[0].Lower is "is" or "are" or "was" or "were" or "do" or "does" or "did" or "has" or "have" or "had" or "can" or "could" or "would" or "will" or "should" or "may" or "might"
            ? (AnswerKind.YesNo, -1, null)
            : (AnswerKind.Any, -1, null);
    }

    // "the city where ...", "the man who ...": the word refers back to a noun and asks nothing.
    private static bool IsRelative(IReadOnlyList<Token> tokens, int i) =>
        i > 0 && tokens[i - 1].IsWord && !tokens[i - 1].IsStop && !tokens[i].IsCapital && (tokens[i].Lower is not ("what" or "which") || i + 2 < tokens.Count && tokens[i].Lower == "which" && tokens[i + 1].IsStop);

    private static (AnswerKind Kind, int HeadIndex, string? HeadNoun) HeadOf(IReadOnlyList<Token> tokens, int wh)
    {
        var i = wh + 1;
        var copula = i < tokens.Count && tokens[i].Lower is "is" or "was" or "are" or "were";
        if (copula)
        {
            // "What is the population of X": the noun behind the article is asked for.
            i++;
            if (i >= tokens.Count || tokens[i].Lower is not ("the" or "a" or "an"))
            {
                var possessed = PossessedNoun(tokens, i);
                return possessed >= 0 ? (NounKinds.Of(tokens[possessed].Lower), possessed, tokens[possessed].Lower) : (AnswerKind.Any, -1, null);
            }

            i++;
        }

        var noun = -1;
        for (var j = i; j < tokens.Count && j < i + 6 && tokens[j].IsWord && !tokens[j].IsStop; j++)
        {
            var kind = NounKinds.Of(tokens[j].Lower);
            if (kind != AnswerKind.Any)
            {
                noun = j;
                if (j + 1 < tokens.Count && NounKinds.Of(tokens[j + 1].Lower) == AnswerKind.Any)
                {
                    break;
                }
            }
            else if (noun < 0 && !copula && (j + 1 >= tokens.Count || tokens[j + 1].IsStop || !tokens[j + 1].IsWord))
            {
                noun = j;
            }
        }

        if (noun < 0 && copula)
        {
            noun = i;
            while (noun + 1 < tokens.Count && tokens[noun + 1].IsWord && !tokens[noun + 1].IsStop)
            {
                noun++;
            }
        }

        if (noun < 0 || noun >= tokens.Count)
        {
            return (AnswerKind.Any, -1, null);
        }

        // "the name of the river": the name is of what follows.
        if (tokens[noun].Lower is "name" or "type" or "kind" or "sort" && noun + 2 < tokens.Count && tokens[noun + 1].Lower == "of")
        {
            var (kind, index, head) = HeadOf(tokens, tokens[noun + 2].IsStop ? noun + 2 : noun + 1);
            return tokens[noun].Lower == "name" ? (kind, index, head) : (AnswerKind.Phrase, index, head);
        }

        return (NounKinds.Of(tokens[noun].Lower), noun, tokens[noun].Lower);
    }

    private static int PossessedNoun(IReadOnlyList<Token> tokens, int start)
    {
        for (var i = start; i + 1 < tokens.Count; i++)
        {
            if (tokens[i].Text is "'s" or "’s")
            {
                var noun = i + 1;
                while (noun + 1 < tokens.Count && tokens[noun + 1].IsWord && !tokens[noun + 1].IsStop)
                {
                    noun++;
                }

                return noun;
            }
        }

        return -1;
    }
}
