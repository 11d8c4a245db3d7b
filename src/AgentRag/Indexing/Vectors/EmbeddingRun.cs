using System.Runtime.ExceptionServices;
using AgentRag.Indexing.Segments;
using Microsoft.Extensions.AI;

namespace AgentRag.Indexing.Vectors;

/// <summary>One run over the passages of an index.</summary>
internal sealed class EmbeddingRun(
    IEmbeddingGenerator<string, Embedding<float>> generator,
    TimeProvider time,
    VectorDirectory directory,
    EmbeddingRequest request,
    IProgress<EmbeddingProgress>? progress,
    VectorManifest start,
    VectorWriter? writer)
{
    private readonly RequestPacer _pacer = new(request.RequestsPerMinute, time);
    private readonly Lock _lock = new();
    private VectorWriter? _writer = writer;
    private int _done;
    private int _total;
    private long _tokens;

    public async Task<EmbeddingResult> RunAsync(Bm25Index index, IReadOnlyDictionary<uint, int[]>? placements, CancellationToken cancellationToken)
    {
        var keys = index.Segments.Select(live => Keys(live, placements?.GetValueOrDefault(live.Segment.Checksum), cancellationToken)).ToList();
        var missing = Missing(index, keys);
        _done = _total - missing.Count;
        progress?.Report(new(_done, _total, _tokens));
        var reused = _done;
        var batches = missing.Chunk(request.BatchSize).ToList();
        foreach (var wave in batches.Chunk(request.RequestsPerCommit))
        {
            await EmbedAsync(wave, cancellationToken).ConfigureAwait(false);
        }

        var isPlaced = _writer is not null && index.Segments.All(live => placements?.ContainsKey(live.Segment.Checksum) is true);
        if (_writer is not null && (missing.Count > 0 || !isPlaced || placements!.Count != index.Segments.Length || start.QueryPrefix != directory.Read()?.QueryPrefix))
        {
            var rows = index.Segments.Select((live, i) => (live.Segment.Checksum, Array.ConvertAll(keys[i], key => key is null ? -1 : _writer.RowsByKey[key.Value])));
            _writer.Finish([.. rows], cancellationToken);
        }

        return new(start.Model, _writer?.Manifest.Dimensions ?? 0, _done - reused, reused, _tokens, directory.BytesOnDisk());
    }

    /// <summary>The key of each passage; null for deleted ones.</summary>
    private VectorKey?[] Keys(LiveSegment live, int[]? rows, CancellationToken cancellationToken)
    {
        var keys = new VectorKey?[live.Segment.PassageCount];
        if (rows is not null && rows.Length == keys.Length && !rows.Where((row, passage) => row < 0 && !live.IsDeleted(passage)).Any())
        {
            // Placed in full by an earlier run: no text need be read.
            for (var passage = 0; passage < keys.Length; passage++)
            {
                keys[passage] = live.IsDeleted(passage) ? null : _writer!.KeyOf(rows[passage]);
            }

            return keys;
        }

        var next = 0;
        foreach (var text in new EmbeddedTexts(live.Segment, start.PassagePrefix).ReadAll())
        {
            cancellationToken.ThrowIfCancellationRequested();
            keys[next] = live.IsDeleted(next) ? null : VectorKey.Of(text);
            next++;
        }

        return keys;
    }

    /// <summary>The passages whose texts have no vector, the first of each text.</summary>
    private List<(Segment Segment, int Passage, VectorKey Key)> Missing(Bm25Index index, List<VectorKey?[]> keys)
    {
        List<(Segment, int, VectorKey)> missing = [];
        HashSet<VectorKey> seen = [];
        for (var segment = 0; segment < keys.Count; segment++)
        {
            for (var passage = 0; passage < keys[segment].Length; passage++)
            {
                if (keys[segment][passage] is { } key && seen.Add(key) && _writer?.RowsByKey.ContainsKey(key) is not true)
                {
                    missing.Add((index.Segments[segment].Segment, passage, key));
                }
            }
        }

        _total = seen.Count;
        return missing;
    }

    private async Task EmbedAsync((Segment Segment, int Passage, VectorKey Key)[][] wave, CancellationToken cancellationToken)
    {
        var vectors = new IReadOnlyList<ReadOnlyMemory<float>>?[wave.Length];
        ExceptionDispatchInfo? failure = null;
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = request.MaxConcurrency, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, wave.Length, parallel, async (i, token) =>
            {
                await _pacer.WaitAsync(token).ConfigureAwait(false);
                vectors[i] = await EmbedAsync(wave[i], token).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // What has arrived was paid for: it is kept, whatever ended the rest.
            failure = ExceptionDispatchInfo.Capture(exception);
        }

        var arrived = Enumerable.Range(0, wave.Length).Where(i => vectors[i] is not null).ToList();
        if (arrived.Count > 0)
        {
            _writer ??= new(directory, start with { Dimensions = vectors[arrived[0]]![0].Length }, []);
            foreach (var vector in arrived.SelectMany(i => vectors[i]!))
            {
                _writer.Manifest.RequireModel(directory.Index, start.Model, vector.Length);
            }

            _writer.Append([.. arrived.SelectMany(i => wave[i].Select(text => text.Key))], [.. arrived.SelectMany(i => vectors[i]!)]);
        }

        failure?.Throw();
    }

    private async Task<IReadOnlyList<ReadOnlyMemory<float>>> EmbedAsync((Segment Segment, int Passage, VectorKey Key)[] batch, CancellationToken cancellationToken)
    {
        var texts = batch.Select(text => new EmbeddedTexts(text.Segment, start.PassagePrefix).Read(text.Passage)).ToList();
        var embeddings = await generator.GenerateAsync(texts, options: null, cancellationToken).ConfigureAwait(false);
        if (embeddings.Count != batch.Length || embeddings.Any(embedding => embedding.Vector.Length is < 1 or > VectorLayout.MaxDimensions))
        {
            throw new AgentRagException(
                $"Embedding model {start.Model} gave {embeddings.Count} vectors for {batch.Length} texts, or vectors of no length: it cannot be used to embed passages.");
        }

        lock (_lock)
        {
            _done += batch.Length;
            _tokens += embeddings.Usage?.InputTokenCount ?? batch.Sum(text => (long)text.Segment.PassageTokens[text.Passage]);
            progress?.Report(new(_done, _total, _tokens));
        }

        return [.. embeddings.Select(embedding => embedding.Vector)];
    }
}
