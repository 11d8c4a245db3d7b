using System.Text;
using AgentRag.Indexing.Segments;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Fakes;

/// <summary>An embedding model without a model: each word adds one to, or takes one from, one of the dimensions.</summary>
internal sealed class HashingEmbedder(string model = "hash", int dimensions = 48) : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly Lock _lock = new();
    private readonly int? _told = dimensions;

    /// <summary>The requests so far, in the order of their beginning.</summary>
    public List<IReadOnlyList<string>> Requests { get; } = [];

    public IEnumerable<string> Texts => Requests.SelectMany(request => request);

    /// <summary>Called at the beginning of each request with its number, from 1.</summary>
    public Action<int>? BeforeRequest { get; set; }

    /// <summary>Components of the vectors it really gives.</summary>
    public int Dimensions { get; set; } = dimensions;

    /// <summary>Whether it says beforehand how long its vectors are.</summary>
    public bool TellsDimensions { get => _told is not null; init => _told = value ? _told : null; }

    public float[] Embed(string text)
    {
        var vector = new float[Dimensions];
        foreach (var word in text.ToLowerInvariant().Split([' ', '\n', '.', ',', '?', ':'], StringSplitOptions.RemoveEmptyEntries))
        {
            var hash = IdHashes.Of(Encoding.UTF8.GetBytes(word));
            vector[hash % (uint)Dimensions] += (hash >> 30 & 1) == 0 ? 1 : -1;
        }

        return vector;
    }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var texts = values.ToList();
        int number;
        lock (_lock)
        {
            Requests.Add(texts);
            number = Requests.Count;
        }

        BeforeRequest?.Invoke(number);
        return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(texts.Select(text => new Embedding<float>(Embed(text))))
        {
            Usage = new() { InputTokenCount = texts.Count * 10 },
        });
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata("hash", providerUri: null, model, _told) : null;

    public void Dispose()
    {
    }
}
