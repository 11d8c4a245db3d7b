using AgentRag.Decoding.Encoders;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Chat;

/// <summary>Embeddings out of a BERT or RoBERTa encoder in this process, such as all-MiniLM, bge or e5.</summary>
/// <remarks>
/// The folder is as Hugging Face has it: <c>config.json</c>, <c>model.safetensors</c>, and <c>tokenizer.json</c>, <c>vocab.txt</c> or <c>vocab.json</c> with
/// <c>merges.txt</c>. Pooling, length and normalisation are those of <c>modules.json</c> and the folders it names; without it the mean of all tokens, of length one.
/// What a text has beyond the model's length is not read, as with sentence-transformers. What a model wants in front of queries and passages (e5's <c>query: </c> and
/// <c>passage: </c>) is the caller's to put there. Safe for concurrent use; the same text gives the same bits, whatever is embedded with it.
/// </remarks>
public sealed class EncoderEmbeddingGenerator : ILocalEmbeddings
{
    private const string Provider = "bert";

    private readonly TextEncoder _encoder;
    private readonly int _threads;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private int _truncated;

    /// <summary>Opens an encoder.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="pooling">How a text's tokens become one vector; null for what the folder says.</param>
    /// <param name="threads">Texts that are encoded side by side, ≥ 1; null for one per processor.</param>
    /// <exception cref="AgentRagException">Something in the folder is missing, damaged, or of a kind that this program does not run.</exception>
    public EncoderEmbeddingGenerator(string folder, PoolingMode? pooling = null, int? threads = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads ?? 1, 1, nameof(threads));
        _encoder = TextEncoder.Open(folder, pooling);
        _threads = threads ?? Environment.ProcessorCount;
        _metadata = new EmbeddingGeneratorMetadata(Provider, providerUri: null, _encoder.Folder.Key, Dimensions);
    }

    /// <inheritdoc/>
    public string ModelKey => _encoder.Folder.Key;

    /// <inheritdoc/>
    public int Dimensions => _encoder.Folder.Shape.Width;

    /// <inheritdoc/>
    public int ContextTokens => _encoder.Folder.MostTokens;

    /// <inheritdoc/>
    public int TruncatedTexts => _truncated;

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">Other dimensions are asked for than the model makes, or its weights are damaged.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        return options?.Dimensions is { } dimensions && dimensions != Dimensions
            ? throw new AgentRagException($"{_encoder.Folder.ModelFolder} makes embeddings of {Dimensions} numbers, not of {dimensions}.")
            : Task.Run(() => Generate([.. values], cancellationToken), cancellationToken);
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
    public void Dispose() => _encoder.Dispose();

    private GeneratedEmbeddings<Embedding<float>> Generate(string[] texts, CancellationToken cancellationToken)
    {
        var (vectors, tokens) = (new float[texts.Length][], new int[texts.Length]);
        try
        {
            Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = _threads, CancellationToken = cancellationToken }, i =>
            {
                vectors[i] = new float[Dimensions];
                (tokens[i], var isTruncated) = _encoder.Encode(texts[i], vectors[i], cancellationToken);
                if (isTruncated)
                {
                    Interlocked.Increment(ref _truncated);
                }
            });
        }
        catch (AggregateException e) when (e.InnerException is AgentRagException or OperationCanceledException)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
        }

        return new GeneratedEmbeddings<Embedding<float>>(vectors.Select(vector => new Embedding<float>(vector) { ModelId = ModelKey }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens.Sum(count => (long)count), TotalTokenCount = tokens.Sum(count => (long)count) },
        };
    }
}
