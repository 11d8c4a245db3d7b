namespace AgentRag.Models.Extractive;

/// <summary>Makes the final answer of a comparison from the answers of its steps.</summary>
internal static class Combiner
{
    /// <summary>The answer; null when a deciding step has none or they do not decide.</summary>
    public static string? Combine(QuestionPlan plan, IReadOnlyList<string?> answers)
    {
        var deciding = plan.Deciding.Select(step => answers[step]).ToList();
        return plan.Combination switch
        {
            Combination.Last => deciding[^1],
            Combination.Fitting => deciding is ["yes", _] and [_, not "yes"] ? plan.Options[0] : deciding is [_, "yes"] ? plan.Options[1] : null,
            _ when deciding.Contains(null) => null,
            Combination.Least => Chosen(plan, Ordered(deciding[0]!).CompareTo(Ordered(deciding[1]!)), sign: -1),
            Combination.Greatest => Chosen(plan, Ordered(deciding[0]!).CompareTo(Ordered(deciding[1]!)), sign: 1),
            Combination.LongestSpan => Chosen(plan, Span(deciding[0]!, deciding[1]!).CompareTo(Span(deciding[2]!, deciding[3]!)), sign: 1),
            Combination.Years => Between(Dates.Order(deciding[0]!), Dates.Order(deciding[1]!)),
            Combination.Same => Agree(deciding[0]!, deciding[1]!) ? "yes" : "no",
            _ => Shared(deciding[0]!, deciding[1]!),
        };
    }

    private static string? Chosen(QuestionPlan plan, int comparison, int sign) =>
        comparison == 0 ? null : plan.Options[Math.Sign(comparison) == sign ? 0 : 1];

    private static double Ordered(string answer) => Dates.Order(answer) ?? (Numbers.Value(answer) * 10_000) ?? 0;

    private static double Span(string from, string to) => Ordered(to) - Ordered(from);

    // Dates are year × 10,000 + month × 100 + day: what is over the whole years has not come round yet. A bare year counts as such.
    private static string? Between(int? first, int? second) =>
        first is not { } a || second is not { } b ? null
        : a % 10_000 == 0 || b % 10_000 == 0 ? $"{Math.Abs((b / 10_000) - (a / 10_000))}"
        : $"{Math.Abs(b - a) / 10_000}";

    private static bool Agree(string first, string second)
    {
        if (first is "no" || second is "no")
        {
            return false;
        }

        var (a, b) = (Demonyms.CountryKey(first), Demonyms.CountryKey(second));
        return a == b || $" {a} ".Contains($" {b} ", StringComparison.Ordinal) || $" {b} ".Contains($" {a} ", StringComparison.Ordinal);
    }

    private static string? Shared(string first, string second)
    {
        var words = Tokenizer.Tokens(second).Where(t => t.IsWord && !t.IsStop).Select(t => t.Stem).ToHashSet();
        var shared = Tokenizer.Tokens(first).Where(t => words.Contains(t.Stem)).Select(t => t.Text).ToList();
        return shared.Count > 0 ? string.Join(' ', shared) : null;
    }
}
