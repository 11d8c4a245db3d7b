using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;

namespace AgentRag.Cli.Configuration;

/// <summary>Which retriever ranks the passages.</summary>
internal enum RetrieverName
{
    /// <summary>By words and by the links between passages.</summary>
    Linked,

    /// <summary>By words alone.</summary>
    Bm25,
}

/// <summary>Reads the name, and makes the retriever.</summary>
internal static class RetrieverNames
{
    public static RetrieverName Parse(string text) => text switch
    {
        "linked" => RetrieverName.Linked,
        "bm25" => RetrieverName.Bm25,
        _ => throw new AgentRagException($"there is no retriever '{text}': use linked or bm25"),
    };

    /// <summary>Opens a retriever over an index on disk.</summary>
    /// <param name="name">Which.</param>
    /// <param name="index">The index, opened.</param>
    /// <param name="directory">The index's folder, where its links are.</param>
    /// <param name="tokenCounterName">The token counter of this run.</param>
    /// <param name="bm25">Parameters of the lexical part; null for the defaults.</param>
    public static IRetriever Open(this RetrieverName name, Func<Bm25Index> index, string directory, string tokenCounterName, Bm25Options? bm25 = null) => name == RetrieverName.Linked
        ? LinkedRetriever.Open(directory, tokenCounterName, bm25: bm25)
        : new Bm25Retriever(index(), bm25);
}
