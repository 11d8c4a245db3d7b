using System.Collections.Concurrent;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>Compares questions by the cosine of their embeddings.</summary>
/// <remarks>Embeddings see subjects, not polarity: measure the false hits of a threshold before it is used. Vectors are kept in memory. Safe for concurrent use.</remarks>
/// <param name="embedder">Makes the vectors.</param>
public sealed class EmbeddingSimilarity(IEmbeddingGenerator<string, Embedding<float>> embedder) : IQuestionSimilarity
{
    private readonly ConcurrentDictionary<string, float[]> _vectors = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => $"embedding {(embedder.GetService(typeof(EmbeddingGeneratorMetadata)) as EmbeddingGeneratorMetadata)?.DefaultModelId}".TrimEnd();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<double>> CompareAsync(string question, IReadOnlyList<string> others, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(others);
        List<string> missing = [.. others.Prepend(question).Distinct(StringComparer.Ordinal).Where(text => !_vectors.ContainsKey(text))];
        if (missing.Count > 0)
        {
            var made = await embedder.GenerateAsync(missing, cancellationToken: cancellationToken).ConfigureAwait(false);
            foreach (var (text, embedding) in missing.Zip(made))
            {
                _vectors[text] = embedding.Vector.ToArray();
            }
        }

        return [.. others.Select(other => Math.Clamp(Cosine(_vectors[question], _vectors[other]), 0, 1))];
    }

    private static double Cosine(float[] one, float[] other)
    {
        var (product, lengths) = (0.0, 0.0);
        var otherLength = 0.0;
        foreach (var (a, b) in one.Zip(other))
        {
            product += (double)a * b;
            lengths += (double)a * a;
            otherLength += (double)b * b;
        }

        return product == 0 ? 0 : product / Math.Sqrt(lengths * otherLength);
    }
}
