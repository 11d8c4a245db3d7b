namespace AgentRag.Answering;

/// <summary>Answers questions by one of the paper's strategies.</summary>
/// <remarks>Implementations keep no state between questions and are safe for concurrent use.</remarks>
public interface IAnswerer
{
    /// <summary>The strategy's name, such as <c>drag</c>.</summary>
    string Strategy { get; }

    /// <summary>Answers one question within its token budget.</summary>
    /// <param name="request">The question, the parameters and the budget.</param>
    /// <param name="progress">Told of each step as it happens, on the thread that made it; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work; nothing is returned then.</param>
    /// <returns>The answer with its trace.</returns>
    /// <exception cref="AgentRagException">The bare question does not fit into the budget, or the model failed.</exception>
    Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default);
}
