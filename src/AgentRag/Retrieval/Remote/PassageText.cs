using AgentRag.Documents;

namespace AgentRag.Retrieval.Remote;

/// <summary>A passage as the text that models of other servers read.</summary>
internal static class PassageText
{
    /// <summary>Title, headings and text, each on a line of its own.</summary>
    public static string Of(Passage passage) => string.Join('\n', [passage.Title, .. passage.HeadingPath, passage.Text]);
}
