using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Tokens;

namespace AgentRag.Cli.Commands;

/// <summary>Gives the passages of a served index their vectors after each index run, where an embedding model is configured.</summary>
/// <param name="terminal">Told what was done.</param>
/// <param name="settings">The index and the embedding model.</param>
/// <param name="counter">What the index is bound to.</param>
internal sealed class ServedVectors(Terminal terminal, Settings settings, ITokenCounter counter)
{
    /// <summary>Embeds what has no vector yet. A model that fails is no fault of the run: the passages are found by their words.</summary>
    /// <param name="result">The run.</param>
    /// <param name="cancellationToken">Ends the work; what is committed stays.</param>
    /// <returns>What to say of it beside the run's own result; empty when there is nothing.</returns>
    public async Task<string> UpdateAsync(IndexResult result, CancellationToken cancellationToken)
    {
        var remark = await TryAsync(result, cancellationToken);
        if (remark.Length > 0)
        {
            terminal.WriteError($"agentrag: {remark}");
        }

        return remark;
    }

    private async Task<string> TryAsync(IndexResult result, CancellationToken cancellationToken)
    {
        try
        {
            using var source = new RetrieverSource(settings, () => counter, () => throw new InvalidOperationException("Indexing asks no chat model."), warnings: null);
            if (source.Embedder is not { } embedder)
            {
                return result.AddedFiles + result.ChangedFiles > 0 && VectorStore.OpenIfAny(settings.Index.Value) is { Count: > 0 } store
                    ? $"New passages have no vectors: the index has some of {store.Model}; start the server with --embeddings {EmbeddingSource.NamedAgain(store.Model)} to have them made."
                    : "";
            }

            var request = new EmbeddingRequest { IndexDirectory = settings.Index.Value };
            var embedded = await new PassageEmbedder(embedder).RunAsync(
                Bm25Index.Open(settings.Index.Value, counter.Name),
                request with { BatchSize = Math.Min(request.BatchSize, source.EmbeddingBatchSize) },
                cancellationToken: cancellationToken);
            return embedded.Embedded == 0 ? "" : $"{Plural.Of(embedded.Embedded, "new vector")} of {embedded.Model}.";
        }
        catch (AgentRagException fault)
        {
            return $"New passages have no vectors yet, and are found by their words alone: {fault.Message}";
        }
    }
}
