namespace AgentRag.Answering;

/// <summary>How a strategy that chooses among others came to its answer.</summary>
/// <param name="Attempts">The attempts, in order; length ≥ 1.</param>
public sealed record AnswerRouting(IReadOnlyList<RoutedAttempt> Attempts);

/// <summary>One attempt at a question.</summary>
/// <param name="Class">The question's class (SIMPLE, MODERATE, COMPLEX) or the tier (small, medium, large) it was made for.</param>
/// <param name="Strategy">The strategy that answered.</param>
/// <param name="Parameters">The parameters it was given.</param>
/// <param name="Shrunk">What was cut from the upper bounds to fit the budget, such as <c>m 16 -> 4</c>; length ≥ 0.</param>
/// <param name="Quality">The grade of its answer, in [0, 1]; null when it was not graded.</param>
public sealed record RoutedAttempt(string Class, string Strategy, InferenceParameters Parameters, IReadOnlyList<string> Shrunk, double? Quality);
