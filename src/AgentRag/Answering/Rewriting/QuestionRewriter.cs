using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering.Rewriting;

/// <summary>Puts a question into words that can be searched for, before any strategy works on it.</summary>
/// <remarks>
/// A follow-up question ("And when did he die?") is made to stand alone by the conversation before it; then keywords or other wordings are asked for. Each
/// takes one request out of the question's budget, and is left out where the answer itself would go short: the question then stays as it is.
/// </remarks>
internal static class QuestionRewriter
{
    // More turns add little, and would cost more than the answer.
    private const int MostTurns = 6;
    private const int MostWordings = 4;

    private static readonly PromptName[] AnsweringPrompts =
        [PromptName.ZeroShot, PromptName.ManyShot, PromptName.Rag, PromptName.Drag, PromptName.IterDragFinal, PromptName.ChainOfThought];

    /// <summary>Rewrites the run's question as its request asks for.</summary>
    public static async Task PrepareAsync(QuestionRun run, AnsweringContext context, CancellationToken cancellationToken)
    {
        if (run.Request.History.Count > 0)
        {
            var content = new PromptContent { Question = run.Request.Question, History = [.. run.Request.History.TakeLast(MostTurns)] };
            if (await AskAsync(run, GroundedTask.Standalone, PromptName.Standalone, content, cancellationToken).ConfigureAwait(false) is { } standalone
                && SelfAskReply.Cut(SelfAskReply.FirstLine(standalone)) is { Length: > 0 } question)
            {
                run.Restate(question);
            }
        }

        if (run.Request.Rewriting == QueryRewriting.None || run.Request.Parameters.K == 0)
        {
            return;
        }

        var isMultiple = run.Request.Rewriting == QueryRewriting.MultiQuery;
        var (task, prompt) = isMultiple ? (GroundedTask.MultiQuery, PromptName.MultiQuery) : (GroundedTask.Keywords, PromptName.Keywords);
        var searches = new PromptContent { Question = run.Request.Question, MaxSubQueries = isMultiple ? MostWordings : 8, Language = context.DocumentLanguage };
        if (await AskAsync(run, task, prompt, searches, cancellationToken).ConfigureAwait(false) is { } reply)
        {
            // The question itself stays among the wordings: a model that goes astray must not make it worse than no rewriting.
            var words = SelfAskReply.WithoutThoughts(reply);
            run.SearchWith(isMultiple
                ? [.. ReplyLines.Read(words).Prepend(run.Request.Question).Distinct(StringComparer.OrdinalIgnoreCase).Take(MostWordings + 1)]
                : Keywords.Read(words) is { Count: > 0 } keywords ? [string.Join(' ', keywords)] : []);
        }
    }

    private static async Task<string?> AskAsync(
        QuestionRun run, GroundedTask task, PromptName prompt, PromptContent content, CancellationToken cancellationToken)
    {
        // What the bare question costs in the largest of the answering prompts, twice: the answer is never what rewriting is paid with.
        var bare = new PromptContent { Question = run.Request.Question };
        var reserved = 2L * AnsweringPrompts.Max(name => run.CountTokens(name, bare));
        using var answer = run.Budget.TryHold(reserved);
        return answer is null ? null : (await run.SendAsync(task, prompt, content, RequestLimits.None, cancellationToken).ConfigureAwait(false))?.Text;
    }
}
