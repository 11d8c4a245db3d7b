namespace AgentRag.Answering;

/// <summary>Tells whether two drafts of an answer agree: the same words but for case, white space, an article in front, and quotation marks and punctuation around them.</summary>
/// <remarks>Strict within the words: "1.5" and "15", "C#" and "C" are not the same answer, and a loop that goes on costs less than one that ends with a wrong answer.</remarks>
internal static class DraftKey
{
    private const string Around = ".,;:!?…\"'“”„‘’«»()[]*。，、；：！？「」『』《》";

    private static readonly string[] Articles = ["THE ", "AN ", "A "];

    /// <summary>The part of a draft that counts; empty when there is none.</summary>
    public static string Of(string draft)
    {
        var words = Bare(string.Join(' ', draft.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToUpperInvariant());
        foreach (var article in Articles)
        {
            if (words.StartsWith(article, StringComparison.Ordinal))
            {
                return Bare(words[article.Length..]);
            }
        }

        return words;
    }

    private static string Bare(string words) => words.Trim([.. Around, ' ']);
}
