using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Chat;

/// <summary>Embeddings out of model files in this process.</summary>
public interface ILocalEmbeddings : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>Names the model by its content and by how it is pooled: vectors under the same key belong together, whatever the files are called elsewhere.</summary>
    string ModelKey { get; }

    /// <summary>Numbers of an embedding.</summary>
    int Dimensions { get; }

    /// <summary>Tokens of a text that are read at most; what follows is not.</summary>
    int ContextTokens { get; }

    /// <summary>Texts so far that had more tokens than are read.</summary>
    int TruncatedTexts { get; }
}
