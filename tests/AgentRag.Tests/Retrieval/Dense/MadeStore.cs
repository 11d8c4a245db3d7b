using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Retrieval.Dense;

/// <summary>An index on disk whose passage <c>p{i}</c> has the i-th of some given vectors; the query <c>q{i}</c> has the i-th of others.</summary>
internal sealed class MadeStore : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly TemporaryFolder _folder = new();
    private readonly float[][] _queries;
    private readonly float[][] _vectors;

    private MadeStore(float[][] vectors, float[][] queries)
    {
        (_vectors, _queries) = (vectors, queries);
        Index = Bm25Index.Build(Enumerable.Range(0, vectors.Length).Select(Passage));
    }

    public Bm25Index Index { get; }

    public VectorStore Store { get; private set; } = null!;

    public static async Task<MadeStore> MakeAsync(float[][] vectors, float[][] queries, bool keepFloat32, int requestsPerCommit = 32)
    {
        var made = new MadeStore(vectors, queries);
        await new PassageEmbedder(made).RunAsync(
            made.Index, new() { IndexDirectory = made._folder.Path, KeepFloat32 = keepFloat32, BatchSize = 500, RequestsPerCommit = requestsPerCommit });
        made.Store = VectorStore.Open(made._folder.Path);
        return made;
    }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(values.Select(text => new Embedding<float>(
            text[0] == 'q' ? _queries[int.Parse(text.AsSpan(1))] : _vectors[int.Parse(text.AsSpan(text.LastIndexOf(' ') + 1))]))));

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata("made", providerUri: null, "made") : null;

    public void Dispose() => _folder.Dispose();

    private static Passage Passage(int number) => TestPassages.Passage($"p{number}", $"passage {number}");
}
