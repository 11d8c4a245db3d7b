using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>Splits a question into sub-queries, without answering it.</summary>
/// <param name="context">What it works with.</param>
public sealed class Decomposer(AnsweringContext context)
{
    /// <summary>Splits a question.</summary>
    /// <param name="question">The question; not empty.</param>
    /// <param name="maxSubQueries">At most how many sub-queries, ≥ 1.</param>
    /// <param name="budget">What the one request may cost.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Sub-queries to answer one after the other, at least one; <c>#1</c> stands for the first one's answer.</returns>
    /// <exception cref="AgentRagException">The question does not fit into the budget, or the model failed.</exception>
    public async Task<IReadOnlyList<string>> DecomposeAsync(
        string question, int maxSubQueries, TokenBudgetOptions budget, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSubQueries, 1);
        var run = new QuestionRun("decompose", context, new AnswerRequest(question, new InferenceParameters(0, 0, 1), budget));
        var content = new PromptContent { Question = question, MaxSubQueries = maxSubQueries };
        var reply = await SendAsync(run, content, cancellationToken).ConfigureAwait(false) ?? throw run.QuestionDoesNotFit(PromptName.Decompose);
        List<string> subQueries = [.. ReplyLines.Read(SelfAskReply.WithoutThoughts(reply.Text)).Take(maxSubQueries)];
        return subQueries.Count > 0 ? subQueries : [question];
    }

    private static async Task<ModelReply?> SendAsync(QuestionRun run, PromptContent content, CancellationToken cancellationToken)
    {
        try
        {
            return await run.SendAsync(GroundedTask.Decompose, PromptName.Decompose, content, RequestLimits.None, cancellationToken).ConfigureAwait(false);
        }
        catch (DeadlinePassedException)
        {
            throw run.DeadlinePassed();
        }
    }
}
