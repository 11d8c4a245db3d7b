using AgentRag.Answering;

namespace AgentRag.Allocation.Routing;

/// <summary>How far an answer can be trusted, from what is known without gold answers.</summary>
public static class AnswerQuality
{
    /// <summary>Grades an answer by its evidence.</summary>
    /// <param name="answer">The answer.</param>
    /// <returns>
    /// In [0, 1]: 0 for "not found"; 0.4 without a citation that was checked; 0.7 with one when the answer had to be forced; 1 with one when the model ended by
    /// itself. A rank of trust, not a probability: measure on your own questions which threshold pays.
    /// </returns>
    public static double ByEvidence(Answer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return answer.IsNotFound ? 0
            : answer.Citations.Count == 0 ? 0.4
            : answer.StopReason is StopReason.FinalAnswer or StopReason.Sufficient or StopReason.DraftsAgree ? 1
            : 0.7;
    }
}
