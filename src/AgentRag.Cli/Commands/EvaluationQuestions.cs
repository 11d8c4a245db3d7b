using AgentRag.Documents;

namespace AgentRag.Cli.Commands;

/// <summary>Which of a data set's questions are asked.</summary>
internal static class EvaluationQuestions
{
    /// <summary>The first so many, or so many drawn at random, in file order.</summary>
    /// <exception cref="AgentRagException">A number is below 1, or both are given.</exception>
    public static IReadOnlyList<LabelledQuestion> Select(IReadOnlyList<LabelledQuestion> questions, int? limit, int? sample, ulong seed)
    {
        if (limit < 1 || sample < 1)
        {
            throw new AgentRagException($"{(limit < 1 ? "--limit" : "--sample")} is {(limit < 1 ? limit : sample)}, must be at least 1.");
        }

        return (limit, sample) switch
        {
            (not null, not null) => throw new AgentRagException("Give --limit or --sample, not both."),
            ({ } first, _) => [.. questions.Take(first)],
            (_, { } some) => Drawn(questions, some, seed),
            _ => questions,
        };
    }

    private static List<LabelledQuestion> Drawn(IReadOnlyList<LabelledQuestion> questions, int count, ulong seed)
    {
        // The generator of System.Random with a seed is the same in all versions of .NET.
        var order = Enumerable.Range(0, questions.Count).ToArray();
        new Random(unchecked((int)seed)).Shuffle(order);
        return [.. order.Take(count).Order().Select(index => questions[index])];
    }
}
