using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Embeddings from any server that speaks OpenAI's <c>/embeddings</c>.</summary>
/// <remarks>Sends texts in batches, one after another, and returns the vectors in the order of the texts. Safe for concurrent use.</remarks>
public sealed class OpenAICompatibleEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly ModelConnection _connection;
    private readonly OpenAICompatibleOptions _options;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Makes a generator; no request is sent yet.</summary>
    /// <param name="options">Where the model is, and how patiently it is asked.</param>
    /// <param name="httpClient">The HTTP client to use, which stays the caller's; null for one of its own.</param>
    /// <param name="timeProvider">The clock of time-outs and back-off; null for the system's.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public OpenAICompatibleEmbeddingGenerator(OpenAICompatibleOptions options, HttpClient? httpClient = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _connection = new ModelConnection("Embedding model", options, maxReplyMegabytes: 256, httpClient, timeProvider);
        _options = options;
        _metadata = new EmbeddingGeneratorMetadata(options.ProviderName, options.BaseUrl, options.Model, options.EmbeddingDimensions);
    }

    /// <summary>Embeds texts.</summary>
    /// <param name="values">The texts; no request is sent when there are none.</param>
    /// <param name="options">Another model, length or extra fields of the body; or null.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>One vector per text, in the order of the texts, all of one length; usage is the sum over the batches.</returns>
    /// <exception cref="AgentRagException">The server cannot be reached, refuses, is too slow, or its vectors do not fit the texts.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        GeneratedEmbeddings<Embedding<float>> embeddings = [];
        foreach (var batch in values.Chunk(_options.EmbeddingBatchSize))
        {
            using var json = await _connection.PostAsync("embeddings", Body(batch, options), cancellationToken).ConfigureAwait(false);
            AddVectors(embeddings, json.RootElement, batch.Length, options);
            if (json.RootElement.Field("usage") is { } usage)
            {
                (embeddings.Usage ??= new UsageDetails()).Add(new UsageDetails
                {
                    InputTokenCount = usage.Integer("prompt_tokens"),
                    TotalTokenCount = usage.Integer("total_tokens") ?? usage.Integer("prompt_tokens"),
                });
            }
        }

        return embeddings;
    }

    /// <summary>Answers for <see cref="EmbeddingGeneratorMetadata"/> and for this generator itself.</summary>
    /// <param name="serviceType">The type asked for.</param>
    /// <param name="serviceKey">No keyed services are known.</param>
    /// <returns>The service, or null.</returns>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Closes its connections, unless the HTTP client was given by the caller.</summary>
    public void Dispose() => _connection.Dispose();

    private JsonObject Body(string[] batch, EmbeddingGenerationOptions? options)
    {
        var body = new JsonObject
        {
            ["model"] = options?.ModelId ?? _options.Model,
            ["input"] = new JsonArray([.. batch.Select(text => JsonValue.Create(text))]),
            ["encoding_format"] = "float",
        };
        if ((options?.Dimensions ?? _options.EmbeddingDimensions) is { } dimensions)
        {
            body["dimensions"] = dimensions;
        }

        OpenAIChatRequest.AddExtraFields(body, options?.AdditionalProperties);
        return body;
    }

    private void AddVectors(GeneratedEmbeddings<Embedding<float>> embeddings, JsonElement json, int count, EmbeddingGenerationOptions? options)
    {
        if (json.Field("error") is not null)
        {
            throw _connection.Faults.Reported(_connection.Faults.ReadError(json).Message ?? "");
        }

        var items = json.Items("data").ToList();
        if (items.Count != count)
        {
            throw _connection.Faults.Malformed($"it has {items.Count} vectors for {count} texts");
        }

        // A server that leaves the index out keeps the order.
        var vectors = new float[]?[count];
        for (var i = 0; i < count; i++)
        {
            var index = items[i].Integer("index") ?? i;
            if (index < 0 || index >= count || vectors[index] is not null)
            {
                throw _connection.Faults.Malformed($"the index {index} of a vector is out of range or there twice, for {count} texts");
            }

            vectors[index] = Vector(items[i]);
        }

        var length = embeddings.Count > 0 ? embeddings[0].Vector.Length : vectors[0]!.Length;
        if (vectors.FirstOrDefault(vector => vector!.Length != length) is { } odd)
        {
            throw _connection.Faults.Malformed($"its vectors have different lengths, {length} and {odd.Length}");
        }

        var model = json.Text("model") ?? options?.ModelId ?? _options.Model;
        embeddings.AddRange(vectors.Select(vector => new Embedding<float>(vector!) { ModelId = model }));
    }

    private float[] Vector(JsonElement item)
    {
        var numbers = item.Items("embedding").ToArray();
        return numbers.Length > 0 && numbers.All(number => number.ValueKind == JsonValueKind.Number)
            ? Array.ConvertAll(numbers, number => number.GetSingle())
            : throw _connection.Faults.Malformed("a vector is empty or no list of numbers");
    }
}
