using System.Globalization;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;

namespace AgentRag.Cli.Commands;

/// <summary>Gives the passages of a served index their vectors after each index run, where an embedding model is configured.</summary>
/// <param name="terminal">Told what was done.</param>
/// <param name="settings">The index.</param>
/// <param name="composition">The embedding model, and what the index is bound to.</param>
internal sealed class ServedVectors(Terminal terminal, Settings settings, Composition composition)
{
    /// <summary>Embeds what has no vector yet. A model that fails is no fault of the run: the passages are found by their words.</summary>
    /// <param name="result">The run.</param>
    /// <param name="remarks">Told how far it is, and at the end what to say of it beside the run's own result; nothing when there is nothing.</param>
    /// <param name="cancellationToken">Ends the work; what is committed stays.</param>
    public async Task UpdateAsync(IndexResult result, IProgress<string> remarks, CancellationToken cancellationToken)
    {
        var remark = await TryAsync(result, remarks, cancellationToken);
        remarks.Report(remark);
        if (remark.Length > 0)
        {
            terminal.WriteError($"agentrag: {remark}");
        }
    }

    private async Task<string> TryAsync(IndexResult result, IProgress<string> remarks, CancellationToken cancellationToken)
    {
        try
        {
            if (composition.Embedder is not { } embedder)
            {
                return result.AddedFiles + result.ChangedFiles > 0 && VectorStore.OpenIfAny(settings.Index.Value) is { Count: > 0 } store
                    ? $"New passages have no vectors: the index has some of {store.Model}; start the server with --embeddings {EmbeddingSource.NamedAgain(store.Model)} to have them made."
                    : "";
            }

            var request = new EmbeddingRequest { IndexDirectory = settings.Index.Value };
            var embedded = await new PassageEmbedder(embedder).RunAsync(
                Bm25Index.Open(settings.Index.Value, composition.Counter.Name),
                request with { BatchSize = Math.Min(request.BatchSize, composition.EmbeddingBatchSize) },
                new Progress(remarks),
                cancellationToken);
            return embedded.Embedded == 0 ? "" : $"{Plural.Of(embedded.Embedded, "new vector")} of {embedded.Model}.";
        }
        catch (AgentRagException fault)
        {
            return $"New passages have no vectors yet, and are found by their words alone: {fault.Message}";
        }
    }

    private sealed class Progress(IProgress<string> remarks) : IProgress<EmbeddingProgress>
    {
        public void Report(EmbeddingProgress value) => remarks.Report(string.Create(
            CultureInfo.InvariantCulture, $"Vectors are being made, {value.Done:N0} of {value.Total:N0}: until all are there, new passages are found by their words alone."));
    }
}
