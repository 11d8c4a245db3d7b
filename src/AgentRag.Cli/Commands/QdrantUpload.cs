using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Indexing;
using AgentRag.Retrieval.Qdrant;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli.Commands;

/// <summary>Makes a collection in Qdrant hold what the index holds: sends what is new or changed, and deletes what is gone.</summary>
internal sealed class QdrantUpload(Terminal terminal, Settings settings, IEmbeddingGenerator<string, Embedding<float>>? embedder)
{
    /// <summary>Uploads; what is there already is not sent again.</summary>
    public async Task<QdrantUploaded> RunAsync(Bm25Index index, CancellationToken cancellationToken)
    {
        var options = RetrieverSource.QdrantOptions(settings);
        RetrieverSource.WarnOfKeyInTheClear(options, terminal.Warnings);
        using var collection = await QdrantIndex.CreateAsync(options, QdrantCollectionOptions.For(index), embedder, cancellationToken: cancellationToken);
        var result = await terminal.WithProgressAsync("Uploading", report => new QdrantUploader(collection).UploadAsync(
            Enumerable.Range(0, index.PassageCount).Select(index.PassageAt),
            new SynchronousProgress<QdrantUploadProgress>(progress => report(progress.Done, index.PassageCount, $"{progress.Sent:N0} sent")),
            cancellationToken));

        // As many as there should be are the right ones: those of the index are all there.
        var deleted = await collection.CountAsync(cancellationToken: cancellationToken) == index.PassageCount
            ? 0
            : await collection.DeleteUnlessAsync(id => index.Find(id) is not null, cancellationToken);
        return new(SettingText.WithoutSecrets(options.Url.OriginalString), options.Collection, result.Sent, result.Unchanged, deleted);
    }
}

/// <summary>What an upload has done.</summary>
/// <param name="Url">The server.</param>
/// <param name="Collection">The collection.</param>
/// <param name="Sent">Passages that were new or changed.</param>
/// <param name="Unchanged">Passages that were there already.</param>
/// <param name="Deleted">Passages that the index does not hold any more.</param>
internal sealed record QdrantUploaded(string Url, string Collection, long Sent, long Unchanged, long Deleted);
