namespace AgentRag.Models.Extractive;

/// <summary>Follows a question's plan with what is held: the steps answered so far and the passages.</summary>
internal sealed class PlanReader
{
    /// <summary>Answers this sure need no sub-query of their own.</summary>
    private const double Direct = 0.9;

    private readonly string _question;
    private readonly QuestionPlan _plan;
    private readonly IReadOnlyList<PassageText> _passages;
    private readonly Dictionary<string, string?> _asked = [];

    public PlanReader(string question, IReadOnlyList<PassageText> passages, IReadOnlyList<SelfAskStep> steps)
    {
        (_question, _passages) = (question, passages);
        _plan = Planner.Plan(question);
        foreach (var step in steps)
        {
            _asked[Words.Key(step.SubQuery)] = Held(step.IntermediateAnswer);
        }
    }

    /// <summary>The sub-query to ask next; null when the plan is done or what is held already answers the question directly.</summary>
    public string? Next()
    {
        if (_asked.Count == 0 && Follow([]) is { Confidence: >= Direct })
        {
            return null;
        }

        var answers = new List<string?>();
        for (var i = 0; i < _plan.Steps.Count; i++)
        {
            if (_plan.Filled(i, answers) is not { } query)
            {
                answers.Add(null);
                continue;
            }

            if (_plan.Steps.Count > 1 && !_asked.ContainsKey(Words.Key(query)))
            {
                return query;
            }

            var answer = _asked.GetValueOrDefault(Words.Key(query)) ?? Reader.Answer(query, _passages)?.Answer;
            if (answer is null && Reformulated(query) is { } other && !_asked.ContainsKey(Words.Key(other)))
            {
                return other;
            }

            answers.Add(answer);
        }

        return null;
    }

    /// <summary>The final answer with what is held; null when that does not answer the question.</summary>
    public Finding? Final()
    {
        List<string?> answers = [];
        var found = Follow(answers);
        if (found is not null || _plan.Steps.Count == 1)
        {
            return found;
        }

        // The pattern may have misled; but an answer on the way is not the answer.
        var whole = Reader.Answer(_question, _passages);
        if (whole is not null && _plan.Options.Count > 0)
        {
            return _plan.Options.FirstOrDefault(option => SharesWord(option, whole.Answer)) is { } chosen ? whole with { Answer = chosen } : null;
        }

        return whole is null || answers.Exists(answer => answer is not null && Words.Key(answer) == Words.Key(whole.Answer)) ? null : whole;
    }

    private static bool SharesWord(string option, string answer)
    {
        var words = Words.Key(option).Split(' ').Where(word => !Words.IsStop(word));
        return words.Intersect(Words.Key(answer).Split(' ')).Any();
    }

    // A sub-query that finds the named thing itself, whatever is asked about it.
    private static string? Reformulated(string query) =>
        new Query(query).Names.MaxBy(name => name.Length) is { } name ? $"{Reader.KnownAbout}{name}?" : null;

    private Finding? Follow(List<string?> answers)
    {
        List<int> used = [];
        var confidence = 1.0;
        for (var i = 0; i < _plan.Steps.Count; i++)
        {
            var query = _plan.Filled(i, answers);
            Finding? found = null;
            if (query is not null)
            {
                found = _asked.GetValueOrDefault(Words.Key(query)) is { } held ? new Finding(held, Cited(held), 0.8) : Reader.Answer(query, _passages);
            }

            answers.Add(found?.Answer);
            if (found is not null)
            {
                confidence = Math.Min(confidence, found.Confidence);
                used.AddRange(found.Passages.Where(number => !used.Contains(number)));
            }
        }

        return Combiner.Combine(_plan, answers) is { } answer ? new Finding(answer, used, confidence) : null;
    }

    // The passage that holds an intermediate answer stands for it.
    private IReadOnlyList<int> Cited(string answer)
    {
        var key = Words.Key(answer);
        return _passages.FirstOrDefault(p => p.TitleKey != key && p.Sentences.Any(s => s.Mentions(key))) is { } passage ? [passage.Number] : [];
    }

    private static string? Held(string? answer) => answer is null || ReplyText.IsNotFound(answer) ? null : ReplyText.WithoutCitations(answer);
}
