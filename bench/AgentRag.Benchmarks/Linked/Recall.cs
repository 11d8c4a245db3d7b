using AgentRag.Evaluation;
using AgentRag.Retrieval;

namespace AgentRag.Benchmarks.Linked;

/// <summary>How many of the supporting documents a retriever finds, in percent.</summary>
internal sealed record Recall(double At2, double At5, double At10, double At20, double AllAt5)
{
    // Several passages of one document count once, so more of them than documents are looked at.
    private const int PassagesLookedAt = 100;

    public static Recall Of(IRetriever retriever, QuestionSet set)
    {
        var rankings = retriever.RetrieveManyAsync([.. set.Questions.Select(question => new RetrievalQuery(question.Question, PassagesLookedAt))]).GetAwaiter().GetResult();
        return new(At(2), At(5), At(10), At(20), 100.0 * RecallsAt(5).Count(recall => recall >= 1) / set.Questions.Count);

        double At(int k) => 100 * RecallsAt(k).Average();

        IEnumerable<double> RecallsAt(int k) => set.Questions.Zip(rankings, (question, ranking) =>
            RetrievalMetrics.RecallAtK(ranking.Select(ranked => ranked.Passage.DocumentId), question.Supporting, k));
    }

    public override string ToString() => FormattableString.Invariant($"{At2:F1} / {At5:F1} / {At10:F1} / {At20:F1}, {AllAt5:F1}");
}
