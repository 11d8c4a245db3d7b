using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Retrieval;

namespace AgentRag.Cli.Commands;

/// <summary>How many of the supporting documents a retriever finds with the question alone, over the questions that name them.</summary>
internal sealed class SupportRecall
{
    /// <summary>The k of RecallAtK, in documents.</summary>
    public static readonly IReadOnlyList<int> Ks = [2, 5, 10, 20];

    /// <summary>The k at which questions count that have all their documents found.</summary>
    public const int AllFoundK = 5;

    /// <summary>Passages to retrieve for a question: several of one document count once, so more of them than documents are looked at.</summary>
    public const int PassagesLookedAt = 100;

    private readonly double[] _sums = new double[Ks.Count];
    private int _allFound;

    /// <summary>Questions counted.</summary>
    public int Questions { get; private set; }

    /// <summary>Mean RecallAtK for each of <see cref="Ks"/>.</summary>
    public IReadOnlyList<double> Means => [.. _sums.Select(sum => Questions == 0 ? 0 : sum / Questions)];

    /// <summary>Share of the questions with every supporting document among the first <see cref="AllFoundK"/>.</summary>
    public double AllFound => Questions == 0 ? 0 : (double)_allFound / Questions;

    /// <summary>Retrieves for every question that names supporting documents.</summary>
    public static async Task<SupportRecall> MeasureAsync(IRetriever retriever, IEnumerable<LabelledQuestion> questions, CancellationToken cancellationToken)
    {
        var recall = new SupportRecall();
        foreach (var question in questions.Where(question => question.Supporting.Count > 0))
        {
            recall.Add(question, await retriever.RetrieveAsync(new RetrievalQuery(question.Question, PassagesLookedAt), cancellationToken));
        }

        return recall;
    }

    /// <summary>Counts a question; one that names no supporting documents is passed over.</summary>
    /// <param name="question">The question.</param>
    /// <param name="ranked">Its ranking, with at least <see cref="PassagesLookedAt"/> passages where there are as many.</param>
    public void Add(LabelledQuestion question, IReadOnlyList<RankedPassage> ranked)
    {
        if (question.Supporting.Count == 0)
        {
            return;
        }

        Questions++;
        for (var i = 0; i < Ks.Count; i++)
        {
            _sums[i] += RecallAt(Ks[i]);
        }

        _allFound += RecallAt(AllFoundK) >= 1 ? 1 : 0;

        double RecallAt(int k) =>
            RetrievalMetrics.RecallAtK(ranked.Take(PassagesLookedAt).Select(passage => passage.Passage.DocumentId), question.Supporting, k);
    }

    public object ToJson() => new { Questions, At = Ks.Zip(Means, (k, recall) => new { K = k, Recall = recall }), AllFound = new { K = AllFoundK, Share = AllFound } };

    public string ToText() =>
        $"RecallAtK of the question alone, over {Output.Plural.Of(Questions, "question")} with supporting documents: " +
        string.Join(", ", Ks.Zip(Means, (k, recall) => $"@{k} {Output.Scores.Percent(recall)}")) +
        $"; all found @{AllFoundK} {Output.Scores.Percent(AllFound)}";
}
