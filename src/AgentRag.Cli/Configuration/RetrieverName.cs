namespace AgentRag.Cli.Configuration;

/// <summary>Which retriever ranks the passages.</summary>
internal enum RetrieverName
{
    /// <summary>Hybrid where an embedding model is configured and the index has vectors, else linked.</summary>
    Auto,

    /// <summary>By words and by the links between passages.</summary>
    Linked,

    /// <summary>By words alone.</summary>
    Bm25,

    /// <summary>By the vectors of an embedding model alone.</summary>
    Dense,

    /// <summary>Linked and dense, fused.</summary>
    Hybrid,

    /// <summary>A collection in Qdrant.</summary>
    Qdrant,
}

/// <summary>Reads the name.</summary>
internal static class RetrieverNames
{
    public static RetrieverName Parse(string text) => Enum.GetValues<RetrieverName>().Where(name => name.Text() == text).Cast<RetrieverName?>().FirstOrDefault()
        ?? throw new AgentRagException($"there is no retriever '{text}': use auto, linked, bm25, dense, hybrid or qdrant");

    public static string Text(this RetrieverName name) => name.ToString().ToLowerInvariant();
}
