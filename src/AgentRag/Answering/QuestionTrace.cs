using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>What has happened on the way to one answer: requests in the order in which they were booked, Self-Ask steps, citations.</summary>
/// <remarks>Safe for requests that run side by side.</remarks>
internal sealed class QuestionTrace
{
    private readonly TokenBudget _budget;
    private readonly ModelPrice? _price;
    private readonly Lock _lock = new();
    private readonly SortedList<int, TracedRequest> _requests = [];
    private readonly List<Citation> _citations = [];
    private IReadOnlyList<SelfAskStep> _steps = [];
    private int _droppedCitations;
    private int _booked;
    private string? _modelName;

    /// <summary>Begins a trace, or goes on with one.</summary>
    /// <param name="budget">What the question's requests are booked against.</param>
    /// <param name="price">What the model costs; null when that is not known.</param>
    /// <param name="restored">What came before; null for a new question.</param>
    public QuestionTrace(TokenBudget budget, ModelPrice? price, AnswerProgress? restored)
    {
        (_budget, _price) = (budget, price);
        if (restored is not null)
        {
            (_steps, _droppedCitations, _modelName) = (restored.Steps, restored.DroppedCitations, restored.Model);
            _citations.AddRange(restored.Citations);
            foreach (var traced in restored.Trace)
            {
                _requests.Add(_booked++, traced);
            }
        }
    }

    /// <summary>The Self-Ask steps so far, set by the strategy as they come.</summary>
    public IReadOnlyList<SelfAskStep> Steps
    {
        get
        {
            lock (_lock)
            {
                return _steps;
            }
        }

        set
        {
            lock (_lock)
            {
                _steps = value;
            }
        }
    }

    /// <summary>The name that the model last gave itself; null before it has.</summary>
    public string? ModelName
    {
        get
        {
            lock (_lock)
            {
                return _modelName;
            }
        }
    }

    public AnswerUsage Usage
    {
        get
        {
            lock (_lock)
            {
                return Totals();
            }
        }
    }

    /// <summary>What the question has come to: requests that are still under way are not in it.</summary>
    public AnswerProgress Progress(string strategy, HeldPassages held)
    {
        lock (_lock)
        {
            return new AnswerProgress
            {
                Strategy = strategy,
                Steps = _steps,
                Passages = [.. held.Passages.Select(passage => new HeldPassage(passage.Passage.Id, passage.Batch, passage.Rank, passage.BestRank))],
                Retrievals = held.Batches,
                DuplicatePassageIds = held.Copies,
                Trace = [.. _requests.Values],
                Citations = [.. _citations],
                DroppedCitations = _droppedCitations,
                Model = _modelName,
                Usage = Totals(),
            };
        }
    }

    /// <summary>Books a request and gives it its place in the trace.</summary>
    /// <returns>Null when it does not fit, and nothing was booked.</returns>
    public (int Place, BookedRequest Booked)? TryBook(int tokens, BudgetHold? hold)
    {
        lock (_lock)
        {
            return _budget.TryBook(tokens, hold) is { } booked ? (_booked++, booked) : null;
        }
    }

    /// <summary>Whether the request of this place has ended.</summary>
    public bool Holds(int place)
    {
        lock (_lock)
        {
            return _requests.ContainsKey(place);
        }
    }

    /// <summary>Takes in how a request ended.</summary>
    /// <param name="place">Its place, from <see cref="TryBook"/>.</param>
    /// <param name="traced">What it was and brought.</param>
    /// <param name="modelName">The name that the model gave itself; null when it gave none.</param>
    public void Add(int place, TracedRequest traced, string? modelName)
    {
        lock (_lock)
        {
            _requests.Add(place, traced);
            _modelName = modelName ?? _modelName;
        }
    }

    /// <summary>Takes the citation marks out of a text and keeps the passages they name, if those were in the prompt and bear the text out; the others are counted.</summary>
    /// <returns>The text alone.</returns>
    public string TakeCitations(string text, PromptContent content)
    {
        var cited = CitedText.Parse(text);
        lock (_lock)
        {
            var known = string.Join('\n', content.Steps.SelectMany(step => (string?[])[step.SubQuery, step.IntermediateAnswer]).Prepend(content.Question));
            var (citations, dropped) = cited.Check(content.Passages, known, [.. _citations.Select(held => held.PassageId)]);
            _citations.AddRange(citations.Where(citation => _citations.TrueForAll(held => held.PassageId != citation.PassageId)));
            _droppedCitations += dropped;
        }

        return cited.Text;
    }

    /// <summary>Forgets the citations of an attempt that is followed by another.</summary>
    public void ForgetCitations()
    {
        lock (_lock)
        {
            _citations.Clear();
            _droppedCitations = 0;
        }
    }

    /// <summary>An earlier attempt's answer with the trace and the totals of all attempts.</summary>
    public Answer WithTotals(Answer answer)
    {
        lock (_lock)
        {
            var totals = Totals();
            return answer with
            {
                Trace = [.. _requests.Values],
                EffectiveContextTokens = totals.EffectiveContextTokens,
                Usage = totals,
            };
        }
    }

    private AnswerUsage Totals() => AnswerUsage.From([.. _requests.Values], _price, _budget.Elapsed);
}
