using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>One retrieval and one request: what the four one-pass strategies share. They differ in what the prompt holds.</summary>
internal sealed record OnePass(AnsweringContext Context, PromptName Prompt, bool UsesPassages, bool UsesDemonstrations)
{
    public async Task<Answer> AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken)
    {
        var question = run.Request.Question;
        var (k, m) = (UsesPassages ? parameters.K : 0, UsesDemonstrations ? parameters.M : 0);
        await run.RetrieveAsync(question, k, cancellationToken).ConfigureAwait(false);
        var content = new PromptContent
        {
            Question = question,
            Passages = run.Held.Passages,
            Demonstrations = await Context.Demonstrations.SelectAsync(question, m, k, withSteps: false, cancellationToken).ConfigureAwait(false),
        };
        var reply = await run.SendAsync(GroundedTask.Answer, Prompt, content, RequestLimits.None, cancellationToken).ConfigureAwait(false)
            ?? throw run.QuestionDoesNotFit(Prompt);
        return run.Finish(reply.Text, reply.Content, StopReason.FinalAnswer);
    }
}
