namespace AgentRag.Models.Extractive;

/// <summary>Splits a question into sub-queries by the patterns of English questions.</summary>
internal static class Planner
{
    private const int MostQuestionCharacters = 1_000;

    /// <summary>The plan of a question; one step, the question itself, when no pattern fits.</summary>
    public static QuestionPlan Plan(string question)
    {
        var text = OneLine(question);
        return text.Length > MostQuestionCharacters
            ? QuestionPlan.InOrder([text])
            : ComparisonPlanner.Plan(text) ?? DurationPlanner.Plan(text) ?? QuestionPlan.InOrder(NestedPlanner.Steps(text));
    }

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
