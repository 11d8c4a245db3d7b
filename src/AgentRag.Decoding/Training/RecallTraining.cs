using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Training;

/// <summary>Trains the test model: a decoder on made-up notes, and its REFRAG adapter.</summary>
/// <remarks>The same options give the same files, whatever the machine does besides; not on processors with other vector widths, as sums then have another order.</remarks>
internal static class RecallTraining
{
    /// <summary>Trains and writes <c>recall.gguf</c> and <c>recall-refrag.safetensors</c>.</summary>
    /// <param name="directory">Where to.</param>
    /// <param name="options">How long.</param>
    /// <param name="report">Told how it goes.</param>
    /// <param name="cancellationToken">Ends the training without files.</param>
    public static void Run(string directory, RecallTrainingOptions options, Action<string> report, CancellationToken cancellationToken = default)
    {
        var random = new SeededNumbers(options.Seed, stream: 21);
        var decoder = new TrainedDecoder(RecallTask.DefaultShape, options.Seed);
        var alone = new RefragTrainer(decoder, adapter: null, options.Workers);
        Train("plain", alone, options.PlainSteps, 3e-3, step => Ask(Notes(random, step, options.PlainSteps)).Example(_ => false), _ => true);

        var note = $"test model, made-up notes, seed {options.Seed}";
        var trainer = Adapter(out var adapter);

        // Reconstruction with the decoder frozen, then everything, from few notes to many; a third of the texts stay plain and a third mixed, or the decoder forgets tokens.
        Train("reconstruction", trainer, options.ReconstructionSteps, 2e-3, _ => RecallTask.Make(random, 1, 1).Reconstruction(), parameter => parameter.Name.StartsWith("encoder.", StringComparison.Ordinal) || parameter.Name.StartsWith("projector.", StringComparison.Ordinal));
        Train("continual", trainer, options.ContinualSteps, 1.5e-3, step =>
        {
            var (text, kind) = (Ask(Notes(random, step, options.ContinualSteps)), random.Next(3));
            return text.Example(_ => kind == 0 || (kind == 1 && random.NextDouble() < 0.7));
        }, parameter => !RefragAdapter.IsPolicy(parameter));

        var policy = new AdamW(1e-3, options.PolicySteps * 2);
        for (var step = 0; step < options.PolicySteps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var reward = trainer.PolicyStep(
                policy, [.. Enumerable.Range(0, 8).Select(_ => RecallTask.Make(random, 8, 1).Example(_ => true))], new GrpoOptions { ExpandedShare = 0.125, Epochs = 2 }, random);
            if (step % 50 == 0 || step == options.PolicySteps - 1)
            {
                report($"policy {step}: reward {reward:0.000}");
            }
        }

        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, "recall.gguf");
        decoder.Write(path, note, RecallTask.AddVocabulary);
        using var file = GgufFile.Open(path);
        var named = new RefragAdapter(adapter.Shape, RefragAdapter.FingerprintOf(file), 0);
        foreach (var (from, to) in adapter.Parameters.All.Zip(named.Parameters.All))
        {
            from.Value.CopyTo(to.Value, 0);
        }

        named.Write(Path.Combine(directory, "recall-refrag.safetensors"), note);

        // Several questions about a text cost little more than one and teach as often.
        RecallText Ask(int notes) => RecallTask.Make(random, notes, Math.Min(4, notes));

        RefragTrainer Adapter(out RefragAdapter made)
        {
            made = new RefragAdapter(
                new RefragShape { Rate = RecallTask.NoteTokens, Width = decoder.Shape.Width, VocabularySize = RecallTask.VocabularySize, EncoderWidth = 32 }, decoderFingerprint: "", options.Seed);
            return new RefragTrainer(decoder, made, options.Workers);
        }

        void Train(string stage, RefragTrainer with, int steps, double peak, Func<int, RefragExample> make, Func<Parameter, bool> isTrained)
        {
            var (optimizer, mean) = (new AdamW(peak, steps), 0.0);
            for (var step = 0; step < steps; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var at = step;
                var loss = with.Step(optimizer, [.. Enumerable.Range(0, options.Batch).Select(_ => make(at))], isTrained);
                mean = step == 0 ? loss : (0.98 * mean) + (0.02 * loss);
                if (step % 100 == 0 || step == steps - 1)
                {
                    report($"{stage} {step}: loss {mean:0.000}");
                }
            }
        }
    }

    // From two notes to at most sixteen in the first half of a stage.
    private static int Notes(SeededNumbers random, int step, int steps) => 1 + random.Next(Math.Clamp(2 + (28 * step / steps), 2, 16));
}

/// <summary>How long the test model is trained. All steps ≥ 0.</summary>
internal sealed record RecallTrainingOptions
{
    public long Seed { get; init; } = 1;

    public int Workers { get; init; } = 2;

    /// <summary>Texts of a step.</summary>
    public int Batch { get; init; } = 32;

    public int PlainSteps { get; init; } = 3_000;

    public int ReconstructionSteps { get; init; } = 600;

    public int ContinualSteps { get; init; } = 2_000;

    public int PolicySteps { get; init; } = 300;
}
