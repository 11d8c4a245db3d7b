using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Decoding.Chat;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Tokens;

namespace AgentRag.Cli.Commands;

/// <summary>What <c>agentrag index</c> does once, and with <c>--watch</c> again and again: index, embed, upload.</summary>
/// <param name="terminal">Shows bars and hints.</param>
/// <param name="counter">Measures passages.</param>
/// <param name="request">What to index.</param>
/// <param name="settings">Embedding model and Qdrant server.</param>
/// <param name="embedding">How passages are embedded.</param>
internal sealed class IndexWork(Terminal terminal, ITokenCounter counter, IndexRequest request, Settings settings, EmbeddingRequest embedding)
{
    /// <summary>Does all of it.</summary>
    /// <param name="force">Whether everything is read and embedded anew, where that was asked for.</param>
    /// <param name="merge">Whether the run ends with merging segments.</param>
    /// <param name="cancellationToken">Ends the work; what is committed stays.</param>
    public async Task<IndexSummary> RunAsync(bool force, bool merge, CancellationToken cancellationToken)
    {
        var result = await IndexAsync(terminal, counter, request with { Force = request.Force && force, Merge = merge }, cancellationToken);
        using var source = new RetrieverSource(settings, () => counter, () => throw new InvalidOperationException("Indexing asks no chat model."), warnings: null);
        if (source.Embedder is null)
        {
            HintAtOldVectors(result);
        }

        if (source.Embedder is null && settings.Qdrant.Value is null)
        {
            return new(result, Embeddings: null, Qdrant: null);
        }

        try
        {
            var index = Bm25Index.Open(request.IndexDirectory, counter.Name);
            var embedded = source.Embedder is null ? null : await EmbedAsync(index, source, force, cancellationToken);
            HintAtLongTexts(source.LocalEmbedder);
            var uploaded = settings.Qdrant.Value is null ? null : await new QdrantUpload(terminal, settings, source.Embedder).RunAsync(index, cancellationToken);
            return new(result with { BytesOnDisk = Indexer.BytesOnDisk(request.IndexDirectory) }, embedded, uploaded);
        }
        catch (AgentRagException)
        {
            terminal.WriteError("hint: The index itself is up to date. Run the same command again to go on with what is left.");
            throw;
        }
    }

    /// <summary>Gives the passages of a merged segment their places among the vectors; asks the model for nothing that is there already.</summary>
    public async Task PlaceVectorsAsync(CancellationToken cancellationToken)
    {
        using var source = new RetrieverSource(settings, () => counter, () => throw new InvalidOperationException("Indexing asks no chat model."), warnings: null);
        if (source.Embedder is not null)
        {
            await EmbedAsync(Bm25Index.Open(request.IndexDirectory, counter.Name), source, force: false, cancellationToken);
        }
    }

    /// <summary>Indexes with a bar.</summary>
    public static Task<IndexResult> IndexAsync(Terminal terminal, ITokenCounter counter, IndexRequest request, CancellationToken cancellationToken) =>
        terminal.WithProgressAsync("Indexing", report => new Indexer(counter).RunAsync(
            request,
            new SynchronousProgress<IndexProgress>(progress => report(progress.FilesDone, progress.FilesTotal, Plural.Of(progress.Passages, "passage"))),
            cancellationToken));

    private Task<EmbeddingResult> EmbedAsync(Bm25Index index, RetrieverSource source, bool force, CancellationToken cancellationToken) =>
        terminal.WithProgressAsync("Embedding", report => new PassageEmbedder(source.Embedder!).RunAsync(
            index,
            embedding with { Force = embedding.Force && force, BatchSize = Math.Min(embedding.BatchSize, source.EmbeddingBatchSize) },
            new SynchronousProgress<EmbeddingProgress>(progress => report(progress.Done, progress.Total, $"{progress.Done:N0} of {Plural.Of(progress.Total, "text")}, {Plural.Of(progress.Tokens, "token")}")),
            cancellationToken));

    private void HintAtOldVectors(IndexResult result)
    {
        if (result.AddedFiles + result.ChangedFiles > 0 && VectorStore.OpenIfAny(request.IndexDirectory) is { Count: > 0 } store)
        {
            terminal.WriteError($"hint: The index has vectors of {store.Model}, which this run did not bring up to date: add --embeddings {EmbeddingSource.NamedAgain(store.Model)}.");
        }
    }

    private void HintAtLongTexts(ILocalEmbeddings? embedder)
    {
        if (embedder is { TruncatedTexts: > 0 and var truncated })
        {
            terminal.WriteError(
                $"hint: {Plural.Of(truncated, "text")} had more than the {embedder.ContextTokens:N0} tokens that the embedding model reads, and what follows is not in their vectors: " +
                "cut smaller passages with --force --passage-tokens.");
        }
    }
}

/// <summary>What a run has done.</summary>
/// <param name="Index">With the index.</param>
/// <param name="Embeddings">With the vectors; null without an embedding model.</param>
/// <param name="Qdrant">With the collection; null without a Qdrant server.</param>
internal sealed record IndexSummary(IndexResult Index, EmbeddingResult? Embeddings, QdrantUploaded? Qdrant);
