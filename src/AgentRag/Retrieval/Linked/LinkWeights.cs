using AgentRag.Indexing;

namespace AgentRag.Retrieval.Linked;

/// <summary>How much an edge between a passage and a name weighs.</summary>
internal static class LinkWeights
{
    /// <summary>ln(1 + N / df), where df is the number of passages that mention the name; one that none mentions counts as mentioned once.</summary>
    public static double Idf(LinksGraph graph, int name) => Math.Log(1 + ((double)graph.PassageCount / Math.Max(1, graph.MentionCounts[name])));
}
