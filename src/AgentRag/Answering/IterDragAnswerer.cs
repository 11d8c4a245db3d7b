using AgentRag.Models;

namespace AgentRag.Answering;

/// <summary>
/// Iterative DRAG (paper section 3.3): Self-Ask with demonstrations. Each request asks for one line: a follow-up question, the answer to it, or the final
/// answer. Each follow-up is retrieved for, and the new passages are added; after n iterations the final answer is forced.
/// </summary>
/// <remarks>
/// Departs from the paper, Algorithm in section 3.3: repeated passages are held once; the loop ends early by <see cref="StopRules"/> (AirRAG, arXiv 2501.10053, names
/// repeated sub-queries as the way such chains fail); and the budget is enforced before each request. The loop itself is <see cref="IterDragLoop"/>.
/// </remarks>
/// <param name="context">What it works with.</param>
public sealed class IterDragAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "iterdrag";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    async Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken)
    {
        var loop = await IterDragLoop.StartAsync(context, run, parameters, cancellationToken).ConfigureAwait(false);
        while (await loop.NextAsync(cancellationToken).ConfigureAwait(false) is { } turn)
        {
            try
            {
                loop.Take(await run.SendAsync(turn.Prepared, cancellationToken).ConfigureAwait(false));
            }
            catch (DeadlinePassedException) when (turn.Task != GroundedTask.FinalAnswer)
            {
                loop.Stop(StopReason.Deadline);
            }
            catch (DeadlinePassedException) when (turn.IsRepair)
            {
                loop.TakeBroken();
            }
        }

        return loop.Answer!;
    }
}
