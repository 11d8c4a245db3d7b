namespace AgentRag.Answering;

/// <summary>A question could not be answered: the model or the retriever failed, or the deadline passed. It carries all that was done until then.</summary>
/// <remarks>An exception and not an answer with an error inside, so that nobody takes the one for the other.</remarks>
public sealed class AnswerFailedException : AgentRagException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What was found, where, what was expected, what to do next.</param>
    /// <param name="progress">What the question came to.</param>
    /// <param name="innerException">The fault that was met; null for none.</param>
    public AnswerFailedException(string message, AnswerProgress progress, Exception? innerException = null)
        : base(message, innerException!) => Progress = progress;

    /// <summary>What the question came to: steps, passages, every request, what it cost.</summary>
    public AnswerProgress Progress { get; }
}
