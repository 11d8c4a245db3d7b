using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval.Dense;
using Microsoft.Extensions.AI;

namespace AgentRag.Retrieval.Fusion;

/// <summary>The best retriever that an index allows: lexical and dense fused, or lexical alone.</summary>
/// <param name="Retriever">The retriever.</param>
/// <param name="Reason">Which one it is and why, in a sentence for the user.</param>
public sealed record RetrieverChoice(IRetriever Retriever, string Reason)
{
    /// <summary>Chooses.</summary>
    /// <param name="lexical">The lexical retriever over the index.</param>
    /// <param name="index">The index.</param>
    /// <param name="store">Its vectors; null when it has none.</param>
    /// <param name="generator">The embedding model; null when none is configured.</param>
    /// <param name="fusion">How to fuse; null for the defaults.</param>
    /// <param name="dense">How to search vectors; null for the defaults.</param>
    /// <returns>Hybrid where there are a model and vectors, else the lexical retriever itself.</returns>
    /// <exception cref="AgentRagException">An option is out of range, or the vectors were made with another model than the one that is configured.</exception>
    public static RetrieverChoice Make(
        IRetriever lexical,
        Bm25Index index,
        VectorStore? store,
        IEmbeddingGenerator<string, Embedding<float>>? generator,
        FusionOptions? fusion = null,
        DenseOptions? dense = null)
    {
        ArgumentNullException.ThrowIfNull(lexical);
        ArgumentNullException.ThrowIfNull(index);
        if (generator is null)
        {
            return new(lexical, $"{lexical.Name} alone: no embedding model is configured");
        }

        if (store is null)
        {
            return new(lexical, $"{lexical.Name} alone: the index has no vectors yet, make them with 'agentrag index --embeddings NAME'");
        }

        var retriever = new DenseRetriever(index, store, generator, dense);
        return retriever.PassagesWithVector == 0
            ? new(lexical, $"{lexical.Name} alone: no passage of the index has a vector yet, make them with 'agentrag index --embeddings NAME'")
            : new(
                new HybridRetriever([lexical, retriever], fusion),
                $"hybrid: {lexical.Name} and {store.Model} over {retriever.PassagesWithVector} of {index.PassageCount} passages");
    }
}
