using Microsoft.Extensions.AI;

namespace AgentRag.Indexing.Vectors;

/// <summary>Which model a generator asks.</summary>
internal static class EmbeddingModel
{
    /// <summary>The model's name, which the vectors are kept under.</summary>
    /// <exception cref="ArgumentException">The generator does not tell it.</exception>
    public static string NameOf(IEmbeddingGenerator generator) => Metadata(generator)?.DefaultModelId is { Length: > 0 } name
        ? name
        : throw new ArgumentException(
            "The generator must answer GetService(typeof(EmbeddingGeneratorMetadata)) with a DefaultModelId: vectors are kept under the model's name.", nameof(generator));

    /// <summary>The length of its vectors, where the generator knows it beforehand.</summary>
    public static int? DimensionsOf(IEmbeddingGenerator generator) => Metadata(generator)?.DefaultModelDimensions;

    private static EmbeddingGeneratorMetadata? Metadata(IEmbeddingGenerator generator) =>
        generator.GetService(typeof(EmbeddingGeneratorMetadata)) as EmbeddingGeneratorMetadata;
}
