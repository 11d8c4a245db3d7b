using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>Zero-shot question answering: the question alone (the paper's ZS QA).</summary>
/// <param name="context">What it works with.</param>
public sealed class ZeroShotAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "zero-shot";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken) =>
        new OnePass(context, PromptName.ZeroShot, UsesPassages: false, UsesDemonstrations: false).AnswerAsync(run, parameters, cancellationToken);
}

/// <summary>Many-shot question answering: m demonstrations without passages (the paper's MS QA).</summary>
/// <param name="context">What it works with.</param>
public sealed class ManyShotAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "many-shot";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken) =>
        new OnePass(context, PromptName.ManyShot, UsesPassages: false, UsesDemonstrations: true).AnswerAsync(run, parameters, cancellationToken);
}

/// <summary>Retrieval-augmented generation: k passages, no demonstrations (the paper's RAG).</summary>
/// <param name="context">What it works with.</param>
public sealed class RagAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "rag";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken) =>
        new OnePass(context, PromptName.Rag, UsesPassages: true, UsesDemonstrations: false).AnswerAsync(run, parameters, cancellationToken);
}

/// <summary>
/// Demonstration-based RAG (paper section 3.2): m demonstrations, each with its own k passages, then k passages, then the question. Within each set of
/// passages the best stands last.
/// </summary>
/// <param name="context">What it works with.</param>
public sealed class DragAnswerer(AnsweringContext context) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "drag";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken) =>
        new OnePass(context, PromptName.Drag, UsesPassages: true, UsesDemonstrations: true).AnswerAsync(run, parameters, cancellationToken);
}
