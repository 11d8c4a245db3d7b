using System.Reflection;
using Microsoft.Extensions.AI;

namespace AgentRag.Indexing.Vectors;

/// <summary>Gives the passages of an index their vectors: what is there already stays, what is missing is embedded.</summary>
/// <remarks>
/// A passage is embedded as its title, headings and text, a line each. Vectors are found by the hash of that text, so a run goes on where a killed one
/// ended, and an index written anew keeps its vectors. Retries are the generator's.
/// </remarks>
/// <param name="generator">The model; it must tell its name as <see cref="EmbeddingGeneratorMetadata.DefaultModelId"/>.</param>
/// <param name="time">The clock of the rate limit; null for the system's.</param>
public sealed class PassageEmbedder(IEmbeddingGenerator<string, Embedding<float>> generator, TimeProvider? time = null)
{
    private readonly IEmbeddingGenerator<string, Embedding<float>> _generator = generator ?? throw new ArgumentNullException(nameof(generator));

    /// <summary>Called before each change on disk with its name; tests end the run here.</summary>
    internal Action<string>? BeforeChange { get; init; }

    /// <summary>Embeds what is missing.</summary>
    /// <param name="index">The index, as it is on disk.</param>
    /// <param name="request">Where the vectors are kept, and how the model is asked.</param>
    /// <param name="progress">Told after each request.</param>
    /// <param name="cancellationToken">Ends the run; vectors that have arrived are kept.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="AgentRagException">
    /// An option is out of range; the vectors there are were made with another model, length, prefix or kind, or are damaged, or are being written by another
    /// run; the model fails or its vectors do not fit the texts.
    /// </exception>
    public async Task<EmbeddingResult> RunAsync(
        Bm25Index index, EmbeddingRequest request, IProgress<EmbeddingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(request);
        var model = EmbeddingModel.NameOf(_generator);
        var directory = new VectorDirectory(request.Validated().IndexDirectory) { BeforeChange = BeforeChange };
        using var writerLock = directory.Lock();
        var open = request.Force ? null : directory.Open();
        if (open is not null)
        {
            directory.Sweep(open.Value.Manifest);
        }

        open?.Manifest.RequireModel(request.IndexDirectory, model, EmbeddingModel.DimensionsOf(_generator));
        var start = Manifest(open?.Manifest, request, model);
        var run = new EmbeddingRun(_generator, time ?? TimeProvider.System, directory, request, progress, start, open is null ? null : new(directory, start, open.Value.Segments));
        return await run.RunAsync(index, open?.Placements, cancellationToken).ConfigureAwait(false);
    }

    private static VectorManifest Manifest(VectorManifest? old, EmbeddingRequest request, string model)
    {
        if (old is null)
        {
            return new()
            {
                Format = VectorManifest.FormatName,
                FormatVersion = VectorManifest.CurrentVersion,
                CreatedBy = $"agentrag {typeof(PassageEmbedder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}",
                Model = model,
                Dimensions = 0,
                Normalised = true,
                HasFloats = request.KeepFloat32 ?? false,
                PassagePrefix = request.PassagePrefix ?? "",
                QueryPrefix = request.QueryPrefix ?? "",
                Segments = [],
                Placements = [],
            };
        }

        Require(old.PassagePrefix == (request.PassagePrefix ?? old.PassagePrefix), $"passage prefix '{old.PassagePrefix}'", $"'{request.PassagePrefix}'");
        Require(old.HasFloats == (request.KeepFloat32 ?? old.HasFloats), old.HasFloats ? "float32 components" : "int8 components alone", old.HasFloats ? "int8 alone" : "float32 too");
        return old with { QueryPrefix = request.QueryPrefix ?? old.QueryPrefix };

        void Require(bool holds, string was, string now)
        {
            if (!holds)
            {
                throw new AgentRagException(
                    $"The vectors of index '{request.IndexDirectory}' were made with {was}, this run uses {now}: use the same again, or make them anew with '{VectorManifest.EmbedAnew("NAME")}'.");
            }
        }
    }
}
