namespace AgentRag.Answering;

/// <summary>Answers questions by one strategy.</summary>
/// <remarks>Implementations keep no state between questions and are safe for concurrent use.</remarks>
public interface IAnswerer
{
    /// <summary>The strategy's name, such as <c>drag</c>.</summary>
    string Strategy { get; }

    /// <summary>Answers one question within its budget and tells of each step as it happens.</summary>
    /// <param name="request">The question, the parameters and the budget.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The events in order: <see cref="Planned"/> first, <see cref="Answered"/> last. Whoever stops reading ends the work.</returns>
    /// <exception cref="AgentRagException">The request cannot be worked on, or the bare question does not fit into the budget.</exception>
    /// <exception cref="AnswerFailedException">The model or the retriever failed, or the deadline passed; thrown behind the events until then.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, and the request did not ask for what is held.</exception>
    IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default);
}

/// <summary>Answering without a look at the steps.</summary>
public static class AnswererExtensions
{
    /// <summary>Answers one question within its budget.</summary>
    /// <param name="answerer">The strategy.</param>
    /// <param name="request">The question, the parameters and the budget.</param>
    /// <param name="progress">Told of each event of <see cref="IAnswerer.StreamAsync"/>, in order; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The answer with its trace.</returns>
    /// <exception cref="AgentRagException">As <see cref="IAnswerer.StreamAsync"/> throws.</exception>
    public static async Task<Answer> AnswerAsync(
        this IAnswerer answerer, AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(answerer);
        Answer? answer = null;
        await foreach (var happened in answerer.StreamAsync(request, cancellationToken).ConfigureAwait(false))
        {
            progress?.Report(happened);
            answer = (happened as Answered)?.Answer ?? answer;
        }

        return answer ?? throw new InvalidOperationException($"The strategy '{answerer.Strategy}' ended without an answer.");
    }
}
