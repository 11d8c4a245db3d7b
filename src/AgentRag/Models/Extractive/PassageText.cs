namespace AgentRag.Models.Extractive;

/// <summary>A passage cut into sentences, with what its first sentence says that its subject is.</summary>
internal sealed class PassageText
{
    private PassageText(GroundedPassage passage)
    {
        Number = passage.Number;
        Title = Tokenizer.Text(TitleTokens(passage.Title), 0, TitleTokens(passage.Title).Count);
        TitleKey = Words.Key(Title);
        FullTitleKey = Words.Key(passage.Title);
        Sentences = [.. Tokenizer.Sentences(passage.Text).Select((tokens, i) => new SentenceText(this, tokens, i == 0))];
        Definition = Sentences.Select(Definitions.Find).Take(2).FirstOrDefault(d => d is not null);
    }

    public int Number { get; }

    /// <summary>The title without a disambiguation in parentheses.</summary>
    public string Title { get; }

    public string TitleKey { get; }

    public string FullTitleKey { get; }

    public IReadOnlyList<SentenceText> Sentences { get; }

    public Definition? Definition { get; }

    public static IReadOnlyList<PassageText> Read(IEnumerable<GroundedPassage> passages) => [.. passages.Select(passage => new PassageText(passage))];

    /// <summary>How surely the passage is about the named thing, in [0, 1].</summary>
    public double IsAbout(string nameKey)
    {
        if (nameKey.Length == 0 || TitleKey.Length == 0)
        {
            return 0;
        }

        if (FullTitleKey == nameKey || TitleKey == nameKey)
        {
            return FullTitleKey == nameKey ? 1 : 0.95;
        }

        if (HoldsWords(TitleKey, nameKey) || HoldsWords(nameKey, TitleKey))
        {
            return 0.6 * Math.Min(TitleKey.Length, nameKey.Length) / Math.Max(TitleKey.Length, nameKey.Length) + 0.25;
        }

        return Sentences.Count > 0 && Sentences[0].SubjectKey is { Length: > 3 } subject && (subject == nameKey || HoldsWords(subject, nameKey)) ? 0.6 : 0;
    }

    private static bool HoldsWords(string outer, string inner) =>
        inner.Length > 3 && $" {outer} ".Contains($" {inner} ", StringComparison.Ordinal);

    private static List<Token> TitleTokens(string title)
    {
        var tokens = Tokenizer.Tokens(title);
        var open = tokens.FindIndex(t => t.Text == "(");
        return open > 0 && tokens[^1].Text == ")" ? tokens[..open] : tokens;
    }
}

/// <summary>One sentence of a passage.</summary>
internal sealed class SentenceText
{
    private readonly Lazy<string> _key;
    private readonly Lazy<HashSet<string>> _stems;
    private readonly Lazy<List<Span>> _names;
    private readonly Lazy<List<Span>> _dates;
    private readonly Lazy<List<Span>> _numbers;

    public SentenceText(PassageText passage, List<Token> tokens, bool isFirst)
    {
        Passage = passage;
        Tokens = tokens;
        IsFirst = isFirst;
        _key = new(() => $" {Words.Key(Tokenizer.Text(tokens, 0, tokens.Count))} ");
        _stems = new(() => [.. tokens.Where(t => t.IsWord && !t.IsStop).Select(t => t.Stem)]);
        _dates = new(() => [.. Dates.In(tokens)]);
        _names = new(() => [.. NameSpans.In(tokens)]);
        _numbers = new(() => [.. Extractive.Numbers.In(tokens).Where(n => !_dates.Value.Exists(d => d.Start <= n.Start && n.Start < d.End))]);
    }

    public PassageText Passage { get; }

    public IReadOnlyList<Token> Tokens { get; }

    public bool IsFirst { get; }

    public HashSet<string> Stems => _stems.Value;

    public IReadOnlyList<Span> Names => _names.Value;

    public IReadOnlyList<Span> DateSpans => _dates.Value;

    public IReadOnlyList<Span> NumberSpans => _numbers.Value;

    /// <summary>The name that a first sentence opens with, as a key; it may be a fuller form of the title.</summary>
    public string? SubjectKey => IsFirst && Names.Count > 0 && Names[0].Start < 3 ? Words.Key(Names[0].TextIn(Tokens)) : null;

    public bool Mentions(string nameKey) => nameKey.Length > 0 && _key.Value.Contains($" {nameKey} ", StringComparison.Ordinal);
}
