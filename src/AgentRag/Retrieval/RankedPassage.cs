using AgentRag.Documents;

namespace AgentRag.Retrieval;

/// <summary>One passage of a ranking.</summary>
/// <param name="Passage">The passage.</param>
/// <param name="Rank">Position in the ranking, from 1.</param>
/// <param name="Score">The retriever's score; comparable only within one query.</param>
/// <param name="Explanation">How the score came about; null unless the query asked for it.</param>
public sealed record RankedPassage(Passage Passage, int Rank, double Score, ScoreExplanation? Explanation = null);

/// <summary>How a score came about: a tree whose parts make up the whole.</summary>
/// <param name="Value">The score of this part.</param>
/// <param name="Description">What this part is, with the numbers it was made of.</param>
/// <param name="Parts">What it is made of; length ≥ 0.</param>
public sealed record ScoreExplanation(double Value, string Description, IReadOnlyList<ScoreExplanation> Parts);
