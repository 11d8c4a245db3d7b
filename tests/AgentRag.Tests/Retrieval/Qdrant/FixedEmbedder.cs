using System.Collections;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>Embeds the texts it knows as written down; any other as zeros and one small number.</summary>
internal sealed class FixedEmbedder : IEmbeddingGenerator<string, Embedding<float>>, IEnumerable
{
    private readonly Dictionary<string, float[]> _vectors = new(StringComparer.Ordinal);

    public float[] this[string text]
    {
        set => _vectors[text] = value;
    }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(values.Select(text => new Embedding<float>(_vectors.GetValueOrDefault(text, [0, 0, 0.1f])))));

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }

    public IEnumerator GetEnumerator() => _vectors.GetEnumerator();
}
