namespace AgentRag.Demonstrations;

/// <summary>Tells whether two questions are the same but for case, spaces and punctuation.</summary>
internal static class QuestionKey
{
    /// <summary>The part of a question that counts. "C#" and "C++" stay apart.</summary>
    public static string Of(string question) => string.Concat(question.Where(letter => char.IsLetterOrDigit(letter) || letter is '#' or '+')).ToUpperInvariant();
}
