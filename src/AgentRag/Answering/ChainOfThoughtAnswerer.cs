using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>
/// Chain of thought over one retrieval: the model writes all sub-queries and their answers in one reply, and nothing is retrieved in between. The control
/// that shows what IterDRAG's retrievals are worth (the paper's table 6).
/// </summary>
/// <param name="context">What it works with.</param>
public sealed class ChainOfThoughtAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "cot";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    async Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken)
    {
        var question = run.Request.Question;
        await run.RetrieveAsync(question, parameters.K, cancellationToken).ConfigureAwait(false);
        var content = new PromptContent
        {
            Question = question,
            Passages = run.Held.Passages,
            Demonstrations = await context.Demonstrations.SelectAsync(question, parameters.M, parameters.K, withSteps: true, cancellationToken).ConfigureAwait(false),
            MaxSubQueries = parameters.N,
        };
        var reply = await run.SendAsync(GroundedTask.FinalAnswer, PromptName.ChainOfThought, content, RequestLimits.None, cancellationToken).ConfigureAwait(false)
            ?? throw run.QuestionDoesNotFit(PromptName.ChainOfThought);
        var chain = SelfAskChain.Parse(reply.Text);
        run.Steps = [.. chain.Steps.Take(parameters.N).Select(step => new SelfAskStep(step.SubQuery, SelfAskReply.Cut(run.TakeCitations(step.IntermediateAnswer!, reply.Content))))];

        // A reply without its last line was cut off or went astray: its last words are the best answer there is.
        return run.Finish(chain.Final ?? chain.LastLine, reply.Content, chain.Final is null ? StopReason.MalformedReply : StopReason.FinalAnswer);
    }
}
