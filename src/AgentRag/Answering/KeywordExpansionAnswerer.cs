using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>
/// Keyword expansion: the question's keywords, in the language of the documents, are looked up side by side; what the passages say about each is noted; then
/// one request answers the question from notes and passages.
/// </summary>
/// <remarks>For questions in another language than the documents, and for long questions that are about several things. n bounds the keywords.</remarks>
/// <param name="context">What it works with.</param>
public sealed class KeywordExpansionAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "keyword-expansion";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken) =>
        new SideBySide(context, run, parameters)
            .AnswerAsync(GroundedTask.Keywords, PromptName.Keywords, Keywords.Read, PromptName.KeywordNote, cancellationToken);
}
