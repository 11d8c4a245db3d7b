using System.Globalization;
using System.Text;
using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering.Assistants;

/// <summary>Answers as an assistant does: one pass with its own prompt, and its rules kept whatever the model writes.</summary>
/// <remarks>Answers may have several lines. The rules are checked on the finished text, so it is not streamed.</remarks>
/// <param name="context">What it works with.</param>
/// <param name="assistant">The assistant.</param>
public sealed class AssistantAnswerer(AnsweringContext context, Assistant assistant) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "assistant";

    /// <inheritdoc/>
    public string Strategy => Name;

    private AssistantRules Rules => assistant.Rules;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return AnswerStream.Run(this, context, request with { StreamsText = false }, cancellationToken);
    }

    async Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken)
    {
        var question = run.Request.Question;
        await run.RetrieveAsync(question, parameters.K, cancellationToken).ConfigureAwait(false);
        var content = new PromptContent
        {
            Question = question,
            Passages = run.Held.Passages,
            Demonstrations = await context.Demonstrations.SelectAsync(question, parameters.M, parameters.K, withSteps: false, cancellationToken).ConfigureAwait(false),
        };
        var prepared = run.Prepare(GroundedTask.Answer, assistant.Template, content, RequestLimits.None)
            ?? throw run.QuestionDoesNotFit(assistant.Template);
        var reply = await run.SendAsync(prepared, cancellationToken).ConfigureAwait(false);
        var text = SelfAskReply.WithoutThoughts(reply.Text).Trim();
        if (text.Length == 0)
        {
            throw run.RepliedWithoutText();
        }

        if (IsRefusal(text) || reply.Content.Passages.Count == 0)
        {
            // Without any passage there is nothing an answer could rest on.
            return Refusal(run, reply);
        }

        return Rules.Citations == AssistantCitations.Hidden
            ? await HiddenAsync(run, reply, text, cancellationToken).ConfigureAwait(false)
            : Numbered(run, reply, text);
    }

    private async Task<Answer> HiddenAsync(QuestionRun run, ModelReply reply, string text, CancellationToken cancellationToken)
    {
        var shown = AssistantText.WithoutSources(text);
        if (AssistantText.MentionsSources(shown))
        {
            var mended = run.PrepareRepair(GroundedTask.Answer, assistant.Template, reply.Request.Packed, text, RequestLimits.None) is { } repair
                ? SelfAskReply.WithoutThoughts((await run.SendAsync(repair, cancellationToken).ConfigureAwait(false)).Text).Trim()
                : "";
            shown = AssistantText.WithoutMentions(AssistantText.WithoutSources(mended.Length > 0 ? mended : text));
        }

        shown = Cut(shown);
        return shown.Length == 0 || IsRefusal(shown) ? Refusal(run, reply) : run.FinishText(shown, [], 0, reply.Content, Rules.Refusal);
    }

    private Answer Numbered(QuestionRun run, ModelReply reply, string text)
    {
        var cited = CitedSentences.Check(Cut(text), reply.Content.Passages);
        var shown = new StringBuilder(cited.Text);
        if (Rules.Citations == AssistantCitations.Links && cited.Passages.Count > 0)
        {
            shown.Append('\n');
            foreach (var (index, passage) in cited.Passages.Index())
            {
                var link = Rules.Link!.Replace("{id}", Uri.EscapeDataString(passage.Passage.DocumentId).Replace("%2F", "/", StringComparison.Ordinal), StringComparison.Ordinal);
                shown.Append(CultureInfo.InvariantCulture, $"\n[{index + 1}] [{passage.Passage.Title.Replace('[', '(').Replace(']', ')')}]({link})");
            }
        }

        return cited.Text.Length == 0
            ? Refusal(run, reply)
            : run.FinishText(shown.ToString(), [.. cited.Passages.Select(passage => new Citation(passage.Passage.Id, passage.Passage.DocumentId, passage.Passage.Title, passage.Passage.Source))], cited.Dropped, reply.Content, Rules.Refusal);
    }

    private bool IsRefusal(string text) => AssistantText.IsRefusal(text, Rules.Refusal) || CitedText.Parse(text).Text == Answer.NotFound;

    private Answer Refusal(QuestionRun run, ModelReply reply) => run.FinishText(Rules.Refusal, [], 0, reply.Content, Rules.Refusal);

    private string Cut(string text) => Rules.MaxWords is { } most ? AssistantText.Cut(text, most) : text;
}
