namespace AgentRag.Answering;

/// <summary>Says how alike questions are in what they ask.</summary>
/// <remarks>Implementations are safe for concurrent use.</remarks>
public interface IQuestionSimilarity
{
    /// <summary>The measure's name, written into reports and keys, such as <c>lexical</c>.</summary>
    string Name { get; }

    /// <summary>Compares a question with others.</summary>
    /// <param name="question">The question asked.</param>
    /// <param name="others">Questions answered before; length ≥ 0.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>One score for each of the others, in [0, 1]; 1 when nothing tells them apart.</returns>
    Task<IReadOnlyList<double>> CompareAsync(string question, IReadOnlyList<string> others, CancellationToken cancellationToken = default);
}
