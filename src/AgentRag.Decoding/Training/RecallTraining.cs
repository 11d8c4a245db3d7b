using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Training;

/// <summary>Trains the test model, a decoder on made-up notes and its REFRAG adapter, by REFRAG's recipe (section 2.2 and appendix A).</summary>
/// <remarks>
/// <para>
/// Stages: the decoder by itself; reconstruction with the decoder frozen; continual pre-training of both; the policy with GRPO. The two in the middle follow the
/// published curriculum. Departs from REFRAG: a third of the texts of continual pre-training stays plain and a third is mixed, without which so small a decoder
/// forgets how to read tokens; the paper's mixed share comes last and is a tenth.
/// </para>
/// <para>
/// The same options give the same files, whatever the machine does besides, stopped and gone on with or not; but not on processors with other vector widths, as sums
/// then have another order.
/// </para>
/// </remarks>
internal sealed class RecallTraining
{
    /// <summary>The file in the directory that a stopped training goes on from.</summary>
    public const string CheckpointName = "training.safetensors";

    private const int MeasuredTexts = 200;
    private const int PolicyBatch = 8;
    private const int QuestionsOfAText = 4; // they cost little more than one and teach as often
    private static readonly string[] Stages = ["plain", "reconstruction", "continual", "policy"];

    private readonly RecallTrainingOptions _options;
    private readonly string _directory;
    private readonly Action<string> _report;
    private readonly TrainedDecoder _decoder;
    private readonly RefragAdapter _adapter;
    private readonly RefragTrainer _trainer;
    private readonly List<Parameter> _parameters;
    private readonly int[][] _chunks;

    private RecallTraining(string directory, RecallTrainingOptions options, Action<string> report)
    {
        (_directory, _options, _report) = (directory, options, report);
        _decoder = new TrainedDecoder(RecallTask.DefaultShape, options.Seed);
        _adapter = new RefragAdapter(
            new RefragShape { Rate = options.Rate, Width = _decoder.Shape.Width, VocabularySize = RecallTask.VocabularySize, EncoderWidth = 32 }, decoderFingerprint: "", options.Seed);
        _trainer = new RefragTrainer(_decoder, _adapter, options.Workers);
        _parameters = [.. _decoder.Parameters.All, .. _adapter.Parameters.All];
        _chunks = [.. Enumerable.Range(0, Stages.Length).Select(stage =>
            Curriculum.Order(options.LongestChunks, Steps(stage) * options.Batch, options.FollowsCurriculum, new SeededNumbers(options.Seed, stream: 30 + stage)))];
    }

    private string CheckpointPath => Path.Combine(_directory, CheckpointName);

    /// <summary>Trains and writes <c>recall.gguf</c> and <c>recall-refrag.safetensors</c>; goes on from the directory's checkpoint if there is one.</summary>
    /// <param name="directory">Where to.</param>
    /// <param name="options">How.</param>
    /// <param name="report">Told how it goes.</param>
    /// <param name="cancellationToken">Stops the training at the next step, with a checkpoint.</param>
    /// <exception cref="AgentRagException">An option is out of range, or the checkpoint is another run's.</exception>
    public static void Run(string directory, RecallTrainingOptions options, Action<string> report, CancellationToken cancellationToken = default) =>
        new RecallTraining(directory, options.Validated(), report).Run(cancellationToken);

    private void Run(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_directory);
        var (position, optimizer) = (new TrainingPosition(0, 0, 0), Optimizer(0));
        if (File.Exists(CheckpointPath))
        {
            (position, optimizer) = TrainingCheckpoint.Read(CheckpointPath, _options.ToString(), Optimizer, _parameters);
            _report($"going on with {Stages[position.Stage]}, step {position.Step} of {Steps(position.Stage)}");
        }

        while (true)
        {
            var stage = position.Stage;
            Train(ref position, optimizer, cancellationToken);
            Measure(stage);
            if (stage == Stages.Length - 1)
            {
                break;
            }

            (position, optimizer) = (new TrainingPosition(stage + 1, 0, 0), Optimizer(stage + 1));
        }

        Write();
        File.Delete(CheckpointPath);
    }

    private int Steps(int stage) => stage switch { 0 => _options.PlainSteps, 1 => _options.ReconstructionSteps, 2 => _options.ContinualSteps, _ => _options.PolicySteps };

    private AdamW Optimizer(int stage) => stage switch
    {
        0 => new AdamW(3e-3, Steps(0)),
        1 => new AdamW(2e-3, Steps(1)),
        2 => new AdamW(1.5e-3, Steps(2)),
        _ => new AdamW(1e-3, Steps(3) * new GrpoOptions { ExpandedShare = 1 }.Epochs),
    };

    private void Train(ref TrainingPosition position, AdamW optimizer, CancellationToken cancellationToken)
    {
        var (stage, steps) = (position.Stage, Steps(position.Stage));
        for (var step = position.Step; step < steps; step++)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                Save(position, optimizer);
                cancellationToken.ThrowIfCancellationRequested();
            }

            // Each step has random numbers of its own, so that it can be the first after a stop.
            var result = Step(stage, step, optimizer, new SeededNumbers(_options.Seed, stream: ((stage + 1) * 1_000_000) + step));
            position = new TrainingPosition(stage, step + 1, step == 0 ? result : (0.98 * position.Mean) + (0.02 * result));
            if (position.Step % _options.StepsBetweenReports == 0 || position.Step == steps)
            {
                _report($"{Stages[stage]}, step {position.Step} of {steps}: {(stage == 3 ? "reward" : "loss")} {position.Mean:0.000}");
                Save(position, optimizer);
            }
        }
    }

    private void Save(TrainingPosition position, AdamW optimizer) => TrainingCheckpoint.Write(CheckpointPath, _options.ToString(), position, optimizer, _parameters);

    private double Step(int stage, int step, AdamW optimizer, SeededNumbers random)
    {
        if (stage == 3)
        {
            var chunks = Math.Max(2, _options.LongestChunks / 2);
            var options = new GrpoOptions { ExpandedShare = 1.0 / chunks };
            return _trainer.PolicyStep(optimizer, [.. Enumerable.Range(0, PolicyBatch).Select(_ => Text(random, chunks, 1).Example(_ => true, _options.NotesPerChunk))], options, random);
        }

        List<RefragExample> batch = [.. Enumerable.Range(step * _options.Batch, _options.Batch).Select(at => stage == 0 ? PlainExample(step, random) : Example(stage, _chunks[stage][at], random))];
        return _trainer.Step(optimizer, batch, parameter => stage switch
        {
            0 => true,
            1 => parameter.Name.StartsWith("encoder.", StringComparison.Ordinal) || parameter.Name.StartsWith("projector.", StringComparison.Ordinal),
            _ => !RefragAdapter.IsPolicy(parameter),
        });
    }

    // From two notes to the longest in the first half. Some texts are written and copied: a decoder that never wrote a note could reconstruct none.
    private RefragExample PlainExample(int step, SeededNumbers random)
    {
        var notes = 1 + random.Next(Math.Clamp(2 + (2 * (_options.LongestNotes - 2) * step / _options.PlainSteps), 1, _options.LongestNotes));
        var text = RecallTask.Make(random, notes, Math.Min(QuestionsOfAText, notes));
        return random.NextDouble() < _options.CopiedShare ? text.Copy() : text.Example(_ => false);
    }

    // A third plain, a third mixed, a third compressed.
    private RefragExample Example(int stage, int chunks, SeededNumbers random)
    {
        var (text, kind) = (Text(random, chunks, QuestionsOfAText), random.Next(3));
        return stage == 1
            ? text.Reconstruction(_options.NotesPerChunk)
            : text.Example(_ => kind == 0 || (kind == 1 && random.NextDouble() < 0.7), _options.NotesPerChunk);
    }

    private RecallText Text(SeededNumbers random, int chunks, int questions)
    {
        var notes = chunks * _options.NotesPerChunk;
        return RecallTask.Make(random, notes, Math.Min(questions, notes));
    }

    private void Measure(int stage)
    {
        foreach (var chunks in (int[])[Math.Max(1, _options.LongestChunks / 4), _options.LongestChunks])
        {
            var random = new SeededNumbers(_options.Seed, stream: 40 + chunks);
            List<RecallText> texts = [.. Enumerable.Range(0, MeasuredTexts).Select(_ => Text(random, chunks, 1))];
            double Right(Func<RecallText, Func<int, bool>> isCompressed) => 100 * _trainer.Accuracy([.. texts.Select(text => text.Example(isCompressed(text), _options.NotesPerChunk))]);
            _report(
                $"after {Stages[stage]}, {chunks * _options.NotesPerChunk} notes, tokens right %: plain {Right(_ => _ => false):0.0}, compressed {Right(_ => _ => true):0.0}; "
                + $"expanded: the asked chunk {Right(text => chunk => chunk != Asked(text)):0.0}, another {Right(text => chunk => chunk != (Asked(text) + 1) % chunks):0.0}, "
                + $"by policy {Right(text => ByPolicy(text)):0.0}");
        }

        int Asked(RecallText text) => text.Asked[0] / _options.NotesPerChunk;

        Func<int, bool> ByPolicy(RecallText text)
        {
            var expanded = _trainer.Choose(text.Example(_ => true, _options.NotesPerChunk), 1);
            return chunk => !expanded.Contains(chunk);
        }
    }

    private void Write()
    {
        var note = $"test model, made-up notes, seed {_options.Seed}";
        var path = Path.Combine(_directory, "recall.gguf");
        _decoder.Write(path, note, RecallTask.AddVocabulary);
        using var file = GgufFile.Open(path);
        var named = new RefragAdapter(_adapter.Shape, RefragAdapter.FingerprintOf(file), 0);
        foreach (var (from, to) in _adapter.Parameters.All.Zip(named.Parameters.All))
        {
            from.Value.CopyTo(to.Value, 0);
        }

        named.Write(Path.Combine(_directory, "recall-refrag.safetensors"), note);
    }
}
