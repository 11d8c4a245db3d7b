using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>One retrieval and one request: what the four one-pass strategies share. They differ in what the prompt holds.</summary>
internal sealed record OnePass(AnsweringContext Context, string Strategy, PromptName Prompt, bool UsesPassages, bool UsesDemonstrations)
{
    public async Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress, CancellationToken cancellationToken)
    {
        var run = new QuestionRun(Context, request, progress);
        var (k, m) = (UsesPassages ? request.Parameters.K : 0, UsesDemonstrations ? request.Parameters.M : 0);
        await run.RetrieveAsync(request.Question, k, cancellationToken).ConfigureAwait(false);
        var content = new PromptContent
        {
            Question = request.Question,
            Passages = run.Held.Passages,
            Demonstrations = await Context.Demonstrations.SelectAsync(request.Question, m, k, withSteps: false, cancellationToken).ConfigureAwait(false),
        };
        var reply = await run.SendAsync(GroundedTask.Answer, Prompt, content, cancellationToken: cancellationToken).ConfigureAwait(false)
            ?? throw run.QuestionDoesNotFit(Prompt);
        return run.Finish(Strategy, reply.Text, reply.Content, StopReason.FinalAnswer, iterations: 1);
    }
}
