using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Retrieval;

namespace AgentRag.Cli.Commands;

/// <summary>How many of the supporting documents a retriever finds with the question alone, over the questions that name them.</summary>
internal sealed class SupportRecall
{
    /// <summary>The k of RecallAtK, in documents.</summary>
    public static readonly IReadOnlyList<int> Ks = [2, 5, 10];

    /// <summary>Passages to retrieve for a question: several of one document count once, so more of them than documents are looked at.</summary>
    public const int PassagesForTenDocuments = 100;

    private readonly double[] _sums = new double[Ks.Count];

    /// <summary>Questions counted.</summary>
    public int Questions { get; private set; }

    /// <summary>Mean RecallAtK for each of <see cref="Ks"/>.</summary>
    public IReadOnlyList<double> Means => [.. _sums.Select(sum => Questions == 0 ? 0 : sum / Questions)];

    /// <summary>Retrieves for every question that names supporting documents.</summary>
    public static async Task<SupportRecall> MeasureAsync(IRetriever retriever, IEnumerable<LabelledQuestion> questions, CancellationToken cancellationToken)
    {
        var recall = new SupportRecall();
        foreach (var question in questions.Where(question => question.Supporting.Count > 0))
        {
            recall.Add(question, await retriever.RetrieveAsync(new RetrievalQuery(question.Question, PassagesForTenDocuments), cancellationToken));
        }

        return recall;
    }

    /// <summary>Counts a question; one that names no supporting documents is passed over.</summary>
    /// <param name="question">The question.</param>
    /// <param name="ranked">Its ranking, with at least <see cref="PassagesForTenDocuments"/> passages where there are as many.</param>
    public void Add(LabelledQuestion question, IReadOnlyList<RankedPassage> ranked)
    {
        if (question.Supporting.Count == 0)
        {
            return;
        }

        Questions++;
        for (var i = 0; i < Ks.Count; i++)
        {
            _sums[i] += RetrievalMetrics.RecallAtK(
                ranked.Take(PassagesForTenDocuments).Select(passage => passage.Passage.DocumentId), question.Supporting, Ks[i]);
        }
    }

    public object ToJson() => new { Questions, At = Ks.Zip(Means, (k, recall) => new { K = k, Recall = recall }) };

    public string ToText() =>
        $"RecallAtK of the question alone, over {Output.Plural.Of(Questions, "question")} with supporting documents: " +
        string.Join(", ", Ks.Zip(Means, (k, recall) => $"@{k} {Output.Scores.Percent(recall)}"));
}
