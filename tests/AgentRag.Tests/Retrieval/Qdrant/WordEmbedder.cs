using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>Counts words by the sum of their characters modulo the number of dimensions: vectors that can be worked out and need no model.</summary>
internal sealed class WordEmbedder(int dimensions, string model = "words", bool tellsDimensions = true) : IEmbeddingGenerator<string, Embedding<float>>
{
    public List<string> Embedded { get; } = [];

    /// <summary>Called with each text before it is embedded.</summary>
    public Action<string> Before { get; set; } = _ => { };

    public float[] Vector(string text)
    {
        var vector = new float[dimensions];
        vector[0] = 0.25f; // No text has the zero vector, which has no cosine.
        foreach (var word in text.ToLowerInvariant().Split([' ', '\n', '.', ',', '?'], StringSplitOptions.RemoveEmptyEntries))
        {
            vector[word.Sum(character => character) % dimensions]++;
        }

        return vector;
    }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        GeneratedEmbeddings<Embedding<float>> vectors = [];
        foreach (var text in values)
        {
            Before(text);
            Embedded.Add(text);
            vectors.Add(new Embedding<float>(Vector(text)));
        }

        return Task.FromResult(vectors);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceType == typeof(EmbeddingGeneratorMetadata)
        ? new EmbeddingGeneratorMetadata("tests", defaultModelId: model, defaultModelDimensions: tellsDimensions ? dimensions : null)
        : null;

    public void Dispose()
    {
    }
}
