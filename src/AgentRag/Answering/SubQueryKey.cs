using AgentRag.Demonstrations;
using AgentRag.Indexing;

namespace AgentRag.Answering;

/// <summary>Tells whether two sub-queries ask the same, in the same or in other words.</summary>
/// <remarks>
/// Chains of sub-queries fail by asking again what was asked (AirRAG, arXiv 2501.10053), mostly in other words: "Who built the pier?", "The pier was built by
/// whom?". Near-duplicates have the same content words, whatever their order and form. A share of common words was rejected: "Where was the director of A born?"
/// and "Where was the director of B born?" have most words in common, and questions about long names all but one.
/// </remarks>
internal static class SubQueryKey
{
    private static readonly Analyzer Words = new(AnalyzerOptions.English);

    // Words that questions are made with and that say nothing about what is asked for; "when", "where" and "how" do say it.
    private static readonly HashSet<string> Empty = new(
        new Analyzer(AnalyzerOptions.Plain with { Stem = true }).Terms("the a an of in on at by to for from did do does is was were are be been has have had what which who whom whose name please tell me"),
        StringComparer.Ordinal);

    public static bool AreAlike(string first, string second)
    {
        if (QuestionKey.Of(first) == QuestionKey.Of(second))
        {
            return true;
        }

        var words = Content(first);
        return words.Count > 0 && words.SetEquals(Content(second));
    }

    private static HashSet<string> Content(string subQuery) => [.. Words.Terms(subQuery).Where(word => !Empty.Contains(word))];
}
