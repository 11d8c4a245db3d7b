using System.Text.Json;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Retrieval.Remote;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>Writes passages into a collection, batch by batch.</summary>
/// <remarks>
/// What is there already with the same content is neither embedded nor sent again, so an upload that was interrupted is resumed by running it again. The
/// dense vector is of title, headings and text, each on a line of its own. Safe for concurrent use.
/// </remarks>
/// <param name="index">The collection, made or opened with the embedder that its dense vectors need.</param>
public sealed class QdrantUploader(QdrantIndex index)
{
    private readonly QdrantIndex _index = index ?? throw new ArgumentNullException(nameof(index));

    /// <summary>Writes passages; those with an id that is there are replaced when they differ.</summary>
    /// <param name="passages">The passages; read once, one batch at a time.</param>
    /// <param name="progress">Told after each batch; or null.</param>
    /// <param name="cancellationToken">Ends the upload; finished batches stay.</param>
    /// <returns>What was done. The passages can be found from then on.</returns>
    /// <exception cref="AgentRagException">The server or the embedding model fails, or the collection needs an embedding model and none is set.</exception>
    public async Task<QdrantUploadResult> UploadAsync(
        IEnumerable<Passage> passages, IProgress<QdrantUploadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(passages);
        if (_index.Dimensions is { } length && _index.Embedder is null)
        {
            throw new AgentRagException(
                $"{_index.Where} holds dense vectors of {length} numbers of embedding model '{_index.EmbeddingModel}' and this run has no embedding model: "
                + "set that one, or upload into another collection.");
        }

        long? total = passages.TryGetNonEnumeratedCount(out var count) ? count : null;
        long done = 0, sent = 0;
        foreach (var batch in passages.Chunk(_index.Options.BatchSize))
        {
            sent += await UploadBatchAsync(batch, cancellationToken).ConfigureAwait(false);
            done += batch.Length;
            progress?.Report(new QdrantUploadProgress(done, total, sent));
        }

        return new QdrantUploadResult(sent, done - sent);
    }

    private async Task<int> UploadBatchAsync(Passage[] batch, CancellationToken cancellationToken)
    {
        var present = await FingerprintsAsync(batch, cancellationToken).ConfigureAwait(false);
        List<(Passage Passage, string Fingerprint)> changed = [];
        foreach (var passage in batch)
        {
            var fingerprint = QdrantPoint.FingerprintOf(passage);
            if (present.GetValueOrDefault(QdrantPointId.Of(passage.Id)) != fingerprint)
            {
                changed.Add((passage, fingerprint));
            }
        }

        if (changed.Count == 0)
        {
            return 0;
        }

        var vectors = _index.Embedder is null || _index.Dimensions is null
            ? null
            : await _index.EmbedAsync([.. changed.Select(item => PassageText.Of(item.Passage))], cancellationToken).ConfigureAwait(false);
        using var json = await _index.SendAsync(HttpMethod.Put, "points", Body(changed, vectors), _index.Write, cancellationToken).ConfigureAwait(false);
        return changed.Count;
    }

    /// <summary>The fingerprints of the points that are there.</summary>
    private async Task<Dictionary<Guid, string?>> FingerprintsAsync(Passage[] batch, CancellationToken cancellationToken)
    {
        using var json = await _index.RetrieveAsync(batch.Select(passage => passage.Id), [QdrantPoint.Fingerprint], cancellationToken).ConfigureAwait(false);
        Dictionary<Guid, string?> fingerprints = [];
        foreach (var point in json.RootElement.Items("result"))
        {
            if (Guid.TryParse(point.Text("id"), out var id))
            {
                fingerprints[id] = point.Field("payload")?.Text(QdrantPoint.Fingerprint);
            }
        }

        return fingerprints;
    }

    private byte[] Body(List<(Passage Passage, string Fingerprint)> passages, IReadOnlyList<ReadOnlyMemory<float>>? vectors)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("points");
            for (var i = 0; i < passages.Count; i++)
            {
                var (passage, fingerprint) = passages[i];
                QdrantPoint.Write(writer, passage, fingerprint, _index.Sparse.Passage(passage), vectors?[i]);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}

/// <summary>How far an upload is.</summary>
/// <param name="Done">Passages looked at.</param>
/// <param name="Total">Passages in all; null when that is not known beforehand.</param>
/// <param name="Sent">Those of them that were sent, being new or changed.</param>
public sealed record QdrantUploadProgress(long Done, long? Total, long Sent);

/// <summary>What an upload did.</summary>
/// <param name="Sent">Passages that were new or changed.</param>
/// <param name="Unchanged">Passages that were there already.</param>
public sealed record QdrantUploadResult(long Sent, long Unchanged);
