namespace AgentRag.Models.Extractive;

/// <summary>How the answers of a plan's steps become the final answer.</summary>
internal enum Combination
{
    /// <summary>The last step's answer is the answer.</summary>
    Last,

    /// <summary>The option whose step has the earlier date or the smaller number.</summary>
    Least,

    /// <summary>The option whose step has the later date or the larger number.</summary>
    Greatest,

    /// <summary>The option with the longer time between the first and the second of its two steps.</summary>
    LongestSpan,

    /// <summary>The number of whole years between the two steps' dates.</summary>
    Years,

    /// <summary>Yes if both options' steps agree.</summary>
    Same,

    /// <summary>The option whose step is answered with yes.</summary>
    Fitting,

    /// <summary>What both options' steps share.</summary>
    Common,
}

/// <summary>A question as sub-queries in order; a later one names an earlier answer as <c>#1</c>.</summary>
/// <param name="Steps">The sub-queries; length ≥ 1.</param>
/// <param name="Combination">How their answers are combined.</param>
/// <param name="Options">The two things compared; empty for <see cref="Combination.Last"/>.</param>
/// <param name="Deciding">Indices of the steps that decide, first option first.</param>
internal sealed record QuestionPlan(IReadOnlyList<string> Steps, Combination Combination, IReadOnlyList<string> Options, IReadOnlyList<int> Deciding)
{
    public static QuestionPlan InOrder(IReadOnlyList<string> steps) => new(steps, Combination.Last, [], [steps.Count - 1]);

    /// <summary>A step's sub-query with the answers so far put in; null when an answer it needs is missing.</summary>
    public string? Filled(int step, IReadOnlyList<string?> answers)
    {
        var query = Steps[step];
        for (var i = 0; i < step; i++)
        {
            var placeholder = $"#{i + 1}";
            if (!query.Contains(placeholder, StringComparison.Ordinal))
            {
                continue;
            }

            if (i >= answers.Count || answers[i] is not { } answer)
            {
                return null;
            }

            query = query.Replace(placeholder, answer, StringComparison.Ordinal);
        }

        return query;
    }
}
