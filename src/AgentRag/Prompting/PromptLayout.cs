using AgentRag.Documents;

namespace AgentRag.Prompting;

/// <summary>In which order passages stand within what is ordered together.</summary>
public enum PassageOrder
{
    /// <summary>The best last, nearest to the question (paper section 4.1).</summary>
    ReversedRank,

    /// <summary>The best first.</summary>
    Rank,

    /// <summary>Passages of one document together, in reading order; the documents in reversed rank of their best passage.</summary>
    DocumentOrder,

    /// <summary>The best at both ends, where long contexts are read best: the best last, the second first, the third before the last, and so on.</summary>
    EndsFirst,
}

/// <summary>What of a question's passages is ordered together.</summary>
public enum BatchLayout
{
    /// <summary>Each retrieval for itself, appended to those before: a later request begins like the earlier one, up to its new passages.</summary>
    AppendBatches,

    /// <summary>All passages held, merged by their best rank: the paper's order taken over every retrieval. A new passage moves the others.</summary>
    ReverseRankGlobal,
}

/// <summary>On which side of the passages the question stands.</summary>
public enum QuestionPlace
{
    /// <summary>Behind the passages, at the end (paper, appendix J).</summary>
    Below,

    /// <summary>Before the passages. The steps and what is asked for next still stand at the end.</summary>
    Above,
}

/// <summary>Where passages and question stand in a prompt.</summary>
/// <remarks>
/// Instructions and demonstrations come first, the same in all requests of a question and of all questions, then the passages with the question behind or before them.
/// Providers cache the beginning that a request shares with an earlier one; <see cref="BatchLayout.AppendBatches"/> keeps that beginning long, on whichever side the
/// question stands: it is the same in all requests.
/// </remarks>
public sealed record PromptLayout
{
    /// <summary>Reversed rank within each batch, batches appended.</summary>
    public static PromptLayout Default { get; } = new();

    /// <summary>The names of the orders: <c>reversed-rank</c>, <c>rank</c>, <c>document-order</c>, <c>ends-first</c>.</summary>
    public static IReadOnlyList<string> OrderNames { get; } = ["reversed-rank", "rank", "document-order", "ends-first"];

    /// <summary>The names of the layouts: <c>append-batches</c>, <c>reverse-rank-global</c>.</summary>
    public static IReadOnlyList<string> BatchNames { get; } = ["append-batches", "reverse-rank-global"];

    /// <summary>The names of the question's places: <c>below</c>, <c>above</c>.</summary>
    public static IReadOnlyList<string> QuestionNames { get; } = ["below", "above"];

    /// <summary>The order within what is ordered together. Default: reversed rank, as in the paper.</summary>
    public PassageOrder Order { get; init; } = PassageOrder.ReversedRank;

    /// <summary>What is ordered together. Default: each batch for itself.</summary>
    public BatchLayout Batches { get; init; } = BatchLayout.AppendBatches;

    /// <summary>Where the question stands, in demonstrations too. Default: below the passages, as in the paper. Prompts of one's own take it up by <c>question_above</c>.</summary>
    public QuestionPlace Question { get; init; } = QuestionPlace.Below;

    /// <summary>Reads the name of an order.</summary>
    /// <param name="name">One of <see cref="OrderNames"/>.</param>
    /// <exception cref="AgentRagException">There is no such order.</exception>
    public static PassageOrder ParseOrder(string name) => (PassageOrder)IndexOf(name, OrderNames, "order of passages");

    /// <summary>Reads the name of a layout.</summary>
    /// <param name="name">One of <see cref="BatchNames"/>.</param>
    /// <exception cref="AgentRagException">There is no such layout.</exception>
    public static BatchLayout ParseBatches(string name) => (BatchLayout)IndexOf(name, BatchNames, "layout");

    /// <summary>Reads the name of a place of the question.</summary>
    /// <param name="name">One of <see cref="QuestionNames"/>.</param>
    /// <exception cref="AgentRagException">There is no such place.</exception>
    public static QuestionPlace ParseQuestion(string name) => (QuestionPlace)IndexOf(name, QuestionNames, "place of the question");

    /// <summary>Puts test passages into the order in which the prompt shows them.</summary>
    /// <param name="passages">The passages; length ≥ 0.</param>
    public IReadOnlyList<NumberedPassage> Arrange(IReadOnlyList<NumberedPassage> passages)
    {
        ArgumentNullException.ThrowIfNull(passages);
        return Arrange(passages, passage => (passage.Batch, Batches == BatchLayout.AppendBatches ? passage.Rank : passage.BestRank, passage.Passage));
    }

    /// <summary>The text form: <c>reversed-rank, append-batches</c>, and <c>question above</c> behind it where that is so.</summary>
    public override string ToString() => $"{OrderNames[(int)Order]}, {BatchNames[(int)Batches]}{(Question == QuestionPlace.Above ? ", question above" : "")}";

    internal List<T> Arrange<T>(IEnumerable<T> passages, Func<T, (int Batch, int Rank, Passage Passage)> place)
    {
        var placed = passages.Select(passage => (Value: passage, Place: place(passage))).ToList();
        List<T> arranged = new(placed.Count);
        foreach (var group in Batches == BatchLayout.AppendBatches
            ? placed.GroupBy(passage => passage.Place.Batch).OrderBy(batch => batch.Key).Select(batch => batch.OrderBy(passage => passage.Place.Rank))
            // Of equal ranks that of the newest retrieval counts as the better: it was asked for last.
            : [placed.OrderBy(passage => passage.Place.Rank).ThenByDescending(passage => passage.Place.Batch)])
        {
            var best = group.ToList();
            arranged.AddRange(Ordered(best).Select(passage => passage.Value));
        }

        return arranged;
    }

    private static int IndexOf(string name, IReadOnlyList<string> names, string what)
    {
        var index = names.ToList().IndexOf(name);
        return index >= 0 ? index : throw new AgentRagException($"there is no {what} '{name}': use {string.Join(", ", names)}");
    }

    /// <summary>Orders a group that is given best first.</summary>
    private IEnumerable<(T Value, (int Batch, int Rank, Passage Passage) Place)> Ordered<T>(List<(T Value, (int Batch, int Rank, Passage Passage) Place)> best) => Order switch
    {
        PassageOrder.Rank => best,
        PassageOrder.DocumentOrder => best.GroupBy(passage => passage.Place.Passage.DocumentId, StringComparer.Ordinal).Reverse()
            .SelectMany(document => document.OrderBy(passage => passage.Place.Passage.Start)),
        PassageOrder.EndsFirst => [.. best.Where((_, i) => i % 2 == 1), .. best.Where((_, i) => i % 2 == 0).Reverse()],
        _ => Enumerable.Reverse(best),
    };
}
