namespace AgentRag.Models.Extractive;

/// <summary>Answers any question by weighing sentences against its words and the spans inside them against its kind.</summary>
internal sealed class SpanReader
{
    private const double LeastCoverage = 0.3;
    private const double LeastAsked = 0.15;
    private const double LinkWeight = 0.6;
    private const int MostLinks = 8;

    private readonly Query _query;
    private readonly IReadOnlyList<PassageText> _passages;
    private readonly Dictionary<string, double> _weights = [];
    private readonly NameKinds _kinds;
    private readonly HashSet<string> _named;
    private readonly double _total;

    public SpanReader(Query query, IReadOnlyList<PassageText> passages)
    {
        (_query, _passages) = (query, passages);
        foreach (var stem in query.Stems)
        {
            var holding = passages.Count(p => p.Sentences.Any(s => s.Stems.Contains(stem)));
            _weights[stem] = Math.Log(1 + ((passages.Count + 1.0) / (holding + 0.5)));
        }

        _named = [.. query.Names.SelectMany(Tokenizer.Tokens).Select(token => token.Stem)];
        _total = _weights.Values.Sum();
        _kinds = new NameKinds(passages);
    }

    /// <summary>The best-scored span; null when no sentence covers enough of the question.</summary>
    public Finding? Read()
    {
        if (_total == 0)
        {
            return null;
        }

        var links = new Links(_passages);
        (double Score, string Text, PassageText? Passage, double Coverage) best = (0, "", null, 0);
        foreach (var passage in _passages)
        {
            var titleStems = TitleStems(passage);
            var about = _query.NameKeys.Select(passage.IsAbout).DefaultIfEmpty().Max();
            var linked = links.Naming(passage).Take(MostLinks).SelectMany(sentence => sentence.Stems.Concat(TitleStems(sentence.Passage))).Where(_weights.ContainsKey).ToHashSet();
            var before = 0.0;
            foreach (var sentence in passage.Sentences)
            {
                var own = Coverage(sentence.Stems);
                var direct = Coverage(sentence.Stems, titleStems);
                var together = linked.Count == 0 ? direct : Coverage(new HashSet<string>([.. linked, .. sentence.Stems]), titleStems);
                var coverage = Math.Min(1, direct + (LinkWeight * (together - direct)) + (0.1 * before) + (0.15 * about));
                before = own;
                if (_query.Kind is AnswerKind.Number or AnswerKind.Date && _query.NameKeys.Count == 1 && about < 0.25 && !sentence.Mentions(_query.NameKeys[0].Split(' ')[^1]))
                {
                    continue; // a figure about something else
                }

                if (coverage < LeastCoverage || !SaysWhatIsAsked(sentence, titleStems, linked))
                {
                    continue;
                }

                foreach (var (text, score) in Candidates(sentence, about))
                {
                    var sum = (4 * coverage) + score;
                    if (sum > best.Score)
                    {
                        best = (sum, text, passage, coverage);
                    }
                }
            }
        }

        return best.Passage is null ? null : new Finding(best.Text, [best.Passage.Number], Math.Clamp(0.15 + (best.Coverage * 0.6), 0, 0.9));
    }

    // A sentence that merely names the thing, without a word of what is asked about it, is no evidence.
    private bool SaysWhatIsAsked(SentenceText sentence, HashSet<string> titleStems, HashSet<string> linked)
    {
        var asked = _weights.Where(weight => !_named.Contains(weight.Key)).ToList();
        return asked.Count == 0
            || asked.Where(weight => sentence.Stems.Contains(weight.Key) || titleStems.Contains(weight.Key) || linked.Contains(weight.Key)).Sum(weight => weight.Value)
                >= LeastAsked * asked.Sum(weight => weight.Value);
    }

    private static HashSet<string> TitleStems(PassageText passage) => [.. Tokenizer.Tokens(passage.Title).Where(t => t.IsWord && !t.IsStop).Select(t => t.Stem)];

    private double Coverage(HashSet<string> stems, HashSet<string>? titleStems = null)
    {
        var covered = 0.0;
        foreach (var (stem, weight) in _weights)
        {
            covered += stems.Contains(stem) ? weight : titleStems?.Contains(stem) is true ? 0.8 * weight : 0;
        }

        return covered / _total;
    }

    private IEnumerable<(string Text, double Score)> Candidates(SentenceText sentence, double about)
    {
        var tokens = sentence.Tokens;
        var marks = Enumerable.Range(0, tokens.Count).Where(i => _weights.ContainsKey(tokens[i].Stem) && tokens[i].IsWord && !tokens[i].IsStop).ToList();
        foreach (var span in Spans(sentence))
        {
            var text = span.TextIn(tokens);
            var key = Words.Key(text);
            if (key.Length == 0 || _query.Key.Contains($" {key} ", StringComparison.Ordinal))
            {
                continue;
            }

            var fit = Fit(sentence, span, key);
            if (fit > -1)
            {
                yield return (text, fit + Nearness(span, marks, tokens) + (RepeatsQuestion(key) ? -0.8 : 0));
            }
        }

        var title = sentence.Passage.TitleKey;
        if (about < 0.5 && title.Length > 0 && !_query.Key.Contains($" {title} ", StringComparison.Ordinal)
            && _query.Kind is not (AnswerKind.Date or AnswerKind.Number or AnswerKind.YesNo or AnswerKind.Phrase or AnswerKind.Nationality))
        {
            yield return (sentence.Passage.Title, FitOfTitle(sentence.Passage) + 0.5);
        }
    }

    // The words of a question are rarely in its answer.
    private bool RepeatsQuestion(string key) => key.Split(' ').Any(word => word.Length > 2 && _query.Key.Contains($" {word} ", StringComparison.Ordinal));

    private IEnumerable<Span> Spans(SentenceText sentence) => _query.Kind switch
    {
        AnswerKind.Date => sentence.DateSpans,
        AnswerKind.Number => sentence.NumberSpans,
        AnswerKind.Person or AnswerKind.Place or AnswerKind.Country or AnswerKind.Organisation or AnswerKind.Work => sentence.Names,
        AnswerKind.Nationality => sentence.Names.Where(n => Demonyms.IsAt(sentence.Tokens, n.Start)),
        AnswerKind.Phrase => Phrases.In(sentence.Tokens),
        _ => sentence.Names.Concat(Phrases.In(sentence.Tokens)),
    };

    private double Fit(SentenceText sentence, Span span, string key)
    {
        var tokens = sentence.Tokens;
        var head = _query.HeadStem is not null && Around(tokens, span).Any(t => t.Stem == _query.HeadStem) ? 0.5 : 0;
        if (span.Form is SpanForm.Date or SpanForm.Number)
        {
            return head + (_query.HeadNoun == "year" ? 0.1 : 0);
        }

        if (span.Form == SpanForm.Phrase)
        {
            return head + (_query.Kind == AnswerKind.Phrase ? 0.3 : -0.3);
        }

        if (Demonyms.IsAt(tokens, span.Start) && span.End == span.Start + 1)
        {
            return _query.Kind == AnswerKind.Nationality || (_query.Kind == AnswerKind.Any && _query.HeadNoun is null) ? head - 0.2 : -2;
        }

        var kind = _kinds.Of(tokens, span, key);
        return head + (kind == AnswerKind.Any || _query.Kind == AnswerKind.Any ? 0.2
            : NameKinds.Fits(kind, _query.Kind) ? 0.8
            : _kinds.IsKnownAsOther(key, _query.Kind) ? -2
            : -0.9);
    }

    private double FitOfTitle(PassageText passage) =>
        passage.Definition is not { } definition ? -0.3
        : definition.Noun == _query.HeadNoun ? 1.2
        : definition.Kind == AnswerKind.Any || _query.Kind == AnswerKind.Any ? -0.1
        : definition.Kind == _query.Kind ? 0.7
        : -0.9;

    private static IEnumerable<Token> Around(IReadOnlyList<Token> tokens, Span span)
    {
        for (var i = Math.Max(0, span.Start - 3); i < Math.Min(tokens.Count, span.End + 3); i++)
        {
            yield return tokens[i];
        }
    }

    // Close to the question's words counts: each gives the more, the nearer and the rarer it is.
    private double Nearness(Span span, List<int> marks, IReadOnlyList<Token> tokens)
    {
        var sum = 0.0;
        foreach (var mark in marks)
        {
            var distance = mark < span.Start ? span.Start - mark : mark >= span.End ? mark - span.End + 1 : 0;
            sum += distance > 0 ? _weights[tokens[mark].Stem] / (distance + 2.0) : 0;
        }

        return 2 * sum / _total;
    }
}
