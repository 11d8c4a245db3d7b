using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>Zero-shot question answering: the question alone (the paper's ZS QA).</summary>
/// <param name="context">What it works with.</param>
public sealed class ZeroShotAnswerer(AnsweringContext context) : IAnswerer
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "zero-shot";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new OnePass(context, Name, PromptName.ZeroShot, UsesPassages: false, UsesDemonstrations: false).AnswerAsync(request, progress, cancellationToken);
}

/// <summary>Many-shot question answering: m demonstrations without passages (the paper's MS QA).</summary>
/// <param name="context">What it works with.</param>
public sealed class ManyShotAnswerer(AnsweringContext context) : IAnswerer
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "many-shot";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new OnePass(context, Name, PromptName.ManyShot, UsesPassages: false, UsesDemonstrations: true).AnswerAsync(request, progress, cancellationToken);
}

/// <summary>Retrieval-augmented generation: k passages, no demonstrations (the paper's RAG).</summary>
/// <param name="context">What it works with.</param>
public sealed class RagAnswerer(AnsweringContext context) : IAnswerer
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "rag";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new OnePass(context, Name, PromptName.Rag, UsesPassages: true, UsesDemonstrations: false).AnswerAsync(request, progress, cancellationToken);
}

/// <summary>
/// Demonstration-based RAG (paper section 3.2): m demonstrations, each with its own k passages, then k passages, then the question. Within each set of
/// passages the best stands last.
/// </summary>
/// <param name="context">What it works with.</param>
public sealed class DragAnswerer(AnsweringContext context) : IAnswerer
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "drag";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new OnePass(context, Name, PromptName.Drag, UsesPassages: true, UsesDemonstrations: true).AnswerAsync(request, progress, cancellationToken);
}
