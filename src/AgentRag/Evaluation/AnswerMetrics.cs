namespace AgentRag.Evaluation;

/// <summary>How well one answer matches the gold answers; the best over all of them. Each in [0, 1].</summary>
/// <param name="ExactMatch">1 when the normalised texts are equal.</param>
/// <param name="F1">Harmonic mean of precision and recall over the normalised words.</param>
/// <param name="Accuracy">1 when the normalised gold answer is contained in the normalised answer (the paper's Acc).</param>
/// <remarks>Source: SQuAD normalisation; FlashRAG's Sub_ExactMatch for Acc.</remarks>
public sealed record AnswerMetrics(double ExactMatch, double F1, double Accuracy)
{
    /// <summary>
    /// F1 with the rule of HotpotQA's own script: where the answer or the gold answer is yes, no or noanswer and the two differ, the pair counts 0. A variant, named
    /// as such: <see cref="F1"/> does not apply it.
    /// </summary>
    public double F1HotpotQa { get; init; } = F1;

    /// <summary>Scores an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="isNotFound">Whether it says that the documents do not hold the answer.</param>
    /// <param name="goldAnswers">Accepted answers; none when the documents do not hold it, and then only saying so is right.</param>
    public static AnswerMetrics Score(string answer, bool isNotFound, IReadOnlyList<string> goldAnswers)
    {
        ArgumentNullException.ThrowIfNull(goldAnswers);
        if (goldAnswers.Count == 0 || isNotFound)
        {
            // An abstention never matches a gold answer: "no" is contained in "not found", and still no answer was given.
            return goldAnswers.Count == 0 && isNotFound ? new AnswerMetrics(1, 1, 1) : new AnswerMetrics(0, 0, 0);
        }

        var words = AnswerNormalizer.NormalizedWords(answer);
        var golds = goldAnswers.Select(AnswerNormalizer.NormalizedWords).ToList();
        var text = string.Join(' ', words);
        return new AnswerMetrics(
            golds.Max(gold => words.AsSpan().SequenceEqual(gold) ? 1 : 0),
            golds.Max(gold => WordF1(words, gold)),
            golds.Max(gold => gold.Length > 0 && text.Contains(string.Join(' ', gold), StringComparison.Ordinal) ? 1 : 0))
        {
            F1HotpotQa = golds.Max(gold => (IsVerdict(words) || IsVerdict(gold)) && !words.AsSpan().SequenceEqual(gold) ? 0 : WordF1(words, gold)),
        };
    }

    private static bool IsVerdict(string[] words) => words is ["yes" or "no" or "noanswer"];

    private static double WordF1(string[] answer, string[] gold)
    {
        var remaining = gold.CountBy(word => word).ToDictionary(StringComparer.Ordinal);
        var common = 0;
        foreach (var word in answer)
        {
            if (remaining.TryGetValue(word, out var count) && count > 0)
            {
                remaining[word] = count - 1;
                common++;
            }
        }

        return common == 0 ? 0 : 2.0 * common / (answer.Length + gold.Length);
    }
}
