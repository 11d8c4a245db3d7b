using System.Text.RegularExpressions;

namespace AgentRag.Allocation.Routing;

/// <summary>How many facts from different documents a question needs.</summary>
public enum QuestionComplexity
{
    /// <summary>One fact.</summary>
    Simple,

    /// <summary>Two facts: a bridge or a comparison.</summary>
    Moderate,

    /// <summary>Three facts or more.</summary>
    Complex,
}

/// <summary>Sorts questions by the words in them, without a model.</summary>
/// <remarks>
/// Counts which of "compared to", "difference between", "after" and "then" a question holds: none is simple, one moderate, more complex. It is coarse, and
/// reads English only; where a model is at hand, asking it is better.
/// </remarks>
public static partial class ComplexityRule
{
    /// <summary>Sorts a question.</summary>
    /// <param name="question">The question.</param>
    public static QuestionComplexity Classify(string question)
    {
        ArgumentNullException.ThrowIfNull(question);
        var signs = Signs().EnumerateMatches(question);
        HashSet<string> found = new(StringComparer.OrdinalIgnoreCase);
        foreach (var sign in signs)
        {
            found.Add(Spaces().Replace(question.Substring(sign.Index, sign.Length), " "));
        }

        return found.Count switch { 0 => QuestionComplexity.Simple, 1 => QuestionComplexity.Moderate, _ => QuestionComplexity.Complex };
    }

    [GeneratedRegex(@"\b(?:compared\s+to|difference\s+between|after|then)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Signs();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Spaces();
}
