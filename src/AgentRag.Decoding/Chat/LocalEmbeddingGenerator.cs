using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Chat;

/// <summary>Embeddings out of a model in this process: the mean of the last layer's normed rows over a text's tokens, of length one.</summary>
/// <remarks>
/// As good as the model's training for it: embedding models of the Qwen2 and Llama families are meant, though those that pool their last token alone are pooled
/// by the mean here. What a text has beyond the context is not read, as embedding servers do it; <see cref="TruncatedTexts"/> counts such texts. Safe for concurrent
/// use; requests wait for one another. The same text gives the same bits, whatever is embedded with it.
/// </remarks>
public sealed class LocalEmbeddingGenerator : ILocalEmbeddings
{
    private readonly LoadedModel _model;
    private readonly LocalModelOptions _options;
    private readonly KeyValueCache _cache;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly string _name;
    private int _truncated;

    /// <summary>Opens a model.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="options">How it is run: context, threads and cache; null for the defaults.</param>
    /// <exception cref="AgentRagException">The file cannot be read or run, or an option is out of range.</exception>
    public LocalEmbeddingGenerator(string path, LocalModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _options = (options ?? new LocalModelOptions()).Validated();
        _model = LoadedModel.Open(path, _options.Threads);
        _cache = new KeyValueCache(_model.Shape, _options.ContextTokens ?? Math.Min(8_192, _model.Shape.ContextTokens), _options.CachePrecision);
        (_name, ContextTokens) = (Path.GetFileName(path), _cache.Capacity);
        _metadata = new EmbeddingGeneratorMetadata("gguf", providerUri: null, $"gguf:{ContentHash.Of(path)[..16]}/mean", _model.Shape.Width);
    }

    /// <inheritdoc/>
    public string ModelKey => _metadata.DefaultModelId!;

    /// <inheritdoc/>
    public int Dimensions => _model.Shape.Width;

    /// <inheritdoc/>
    public int ContextTokens { get; }

    /// <inheritdoc/>
    public int TruncatedTexts => _truncated;

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">A text has no token, or other dimensions are asked for than the model makes.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.Dimensions is { } dimensions && dimensions != _model.Shape.Width)
        {
            throw new AgentRagException($"{_name} makes embeddings of {_model.Shape.Width} numbers, not of {dimensions}.");
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(
                () =>
                {
                    var (embeddings, tokens) = (new GeneratedEmbeddings<Embedding<float>>(), 0L);
                    foreach (var value in values)
                    {
                        var (embedding, count) = Embed(value, cancellationToken);
                        embeddings.Add(new Embedding<float>(embedding) { ModelId = _metadata.DefaultModelId });
                        tokens += count;
                    }

                    embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
                    return embeddings;
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Closes the model.</summary>
    public void Dispose()
    {
        _cache.Dispose();
        _model.Dispose();
        _turn.Dispose();
    }

    private (float[] Embedding, int Tokens) Embed(string text, CancellationToken cancellationToken)
    {
        List<int> tokens = _model.Tokenizer.BeginToken is { } begin ? [begin] : [];
        _model.Tokenizer.Encode(text, tokens);
        if (tokens.Count == 0)
        {
            throw new AgentRagException($"A text without any token cannot be embedded by {_name}.");
        }

        if (tokens.Count > ContextTokens)
        {
            tokens.RemoveRange(ContextTokens, tokens.Count - ContextTokens);
            _truncated++;
        }

        _cache.Truncate(0);
        var sums = new double[_model.Shape.Width];
        var chunk = _model.Transformer.ChunkTokens;
        for (var start = 0; start < tokens.Count; start += chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] part = [.. tokens.Skip(start).Take(chunk)];
            _model.Transformer.RunHidden(_cache, part);
            for (var row = 0; row < part.Length; row++)
            {
                var hidden = _model.Transformer.Hidden(row);
                for (var i = 0; i < hidden.Length; i++)
                {
                    sums[i] += hidden[i];
                }
            }
        }

        var length = Math.Sqrt(sums.Sum(value => value * value));
        return ([.. sums.Select(value => (float)(length > 0 ? value / length : 0))], tokens.Count);
    }
}
