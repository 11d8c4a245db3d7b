using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>
/// Parallel decomposition: the question is split into at most n sub-queries first; these are looked up and answered side by side; then one request gives
/// the final answer from all of it.
/// </summary>
/// <remarks>
/// Not the paper's IterDRAG, which asks for one sub-query after the other with all answers in view: this saves waiting and input tokens, and pays with
/// questions whose later parts depend on earlier ones. Where the model writes #1 for an earlier answer, that part waits for it.
/// </remarks>
/// <param name="context">What it works with.</param>
public sealed class DecomposeParallelAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "decompose-parallel";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken) =>
        new SideBySide(context, run, parameters)
            .AnswerAsync(GroundedTask.Decompose, PromptName.DecomposeParallel, ReplyLines.Read, PromptName.IterDragStep, cancellationToken);
}
