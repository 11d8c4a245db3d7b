using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Tests.Speculation;

/// <summary>An embedding model whose server is down, or that ends as it is told.</summary>
/// <param name="fault">What it throws; null for what a server that is down gives.</param>
internal sealed class Unreachable(Func<Exception>? fault = null) : IEmbeddingGenerator<string, Embedding<float>>
{
    public int Asked { get; private set; }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        Asked++;
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromException<GeneratedEmbeddings<Embedding<float>>>(fault?.Invoke() ?? new AgentRagException("Embedding model at http://127.0.0.1:9/v1 cannot be reached."));
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
