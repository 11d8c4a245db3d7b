using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Training;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using Xunit;

namespace AgentRag.Decoding.Tests.Training;

public sealed class TapeTests
{
    private static readonly TransformerShape Small = RecallTask.DefaultShape with { Width = 16, Heads = 2, KeyValueHeads = 1, FeedForwardWidth = 32, Layers = 1 };

    public static TheoryData<string> Operations => ["multiply", "norm", "rotate", "causal", "both ways", "swiglu", "row", "stack", "lookup"];

    // A weighted sum of every operation's output, differentiated by each number of its inputs.
    [Theory]
    [MemberData(nameof(Operations))]
    public void Gradients_of_an_operation_are_those_of_differences(string operation)
    {
        var random = new SeededNumbers(1);
        var (x, table, wide, row) = (Parameter("x", 5, 32), Parameter("table", 7, 32), Parameter("wide", 32, 6), Parameter("row", 1, 32));
        var weights = Enumerable.Range(0, 5 * 32).Select(_ => random.NextNormal()).ToArray();
        Node Run(Tape tape)
        {
            var input = tape.Lookup(x, [0, 1, 2, 3, 4]);
            var other = tape.Lookup(table, [3, 1, 3, 0, 6]);
            return operation switch
            {
                "multiply" => tape.Multiply(input, wide),
                "norm" => tape.RmsNorm(input, row, 1e-5f),
                "rotate" => tape.Rotate(input, 16, 10_000),
                "causal" => tape.Attend(input, other, tape.Silu(other), 16, isCausal: true),
                "both ways" => tape.Attend(tape.Reshape(input, 5, 32), tape.Reshape(other, 10, 16), tape.Reshape(input, 10, 16), 16, isCausal: false),
                "swiglu" => tape.SwiGlu(input, other),
                "row" => tape.Add(tape.AddRow(input, row), other),
                "stack" => tape.Stack([(input, 2), (other, 0), (input, 2), (other, 4)]),
                _ => tape.Add(input, other),
            };
        }

        var gradients = new Gradients();
        var tape = new Tape(gradients);
        var result = Run(tape);
        for (var i = 0; i < result.Value.Length; i++)
        {
            result.Gradient[i] = (float)weights[i];
        }

        tape.Backward();
        var checkedNumbers = 0;
        foreach (var parameter in ((Parameter[])[x, table, wide, row]).Where(gradients.Has))
        {
            for (var i = 0; i < parameter.Value.Length; i += 3)
            {
                var expected = Difference(parameter, i, () => Run(new Tape()).Value.Select((value, at) => value * weights[at]).Sum());
                Assert.Equal(expected, gradients.Of(parameter)[i], 0.01 * Math.Max(1, Math.Abs(expected)));
                checkedNumbers++;
            }
        }

        Assert.True(checkedNumbers > 50);

        Parameter Parameter(string name, int rows, int columns) => new Parameter(name, rows, columns).Spread(random, 0.7);
    }

    [Fact]
    public void Gradients_through_decoder_encoder_and_projection_are_those_of_differences()
    {
        var (decoder, adapter) = Models();
        var example = Text(2).Example(note => note != 1);
        var gradients = new Gradients();
        var tape = new Tape(gradients);
        var trainer = new RefragTrainer(decoder, adapter, 1);
        var (logits, targets) = trainer.Run(tape, example);
        tape.CrossEntropy(logits, targets);
        tape.Backward();
        var random = new SeededNumbers(3);
        foreach (var parameter in decoder.Parameters.All.Concat(adapter.Parameters.All.Where(parameter => !RefragAdapter.IsPolicy(parameter))))
        {
            Assert.True(gradients.Has(parameter), parameter.Name);
            for (var check = 0; check < 4; check++)
            {
                var i = random.Next(parameter.Value.Length);
                var expected = Difference(parameter, i, () => trainer.Loss(example));
                Assert.True(Math.Abs(expected - gradients.Of(parameter)[i]) < 2e-3 + (0.02 * Math.Abs(expected)), $"{parameter.Name}[{i}]: {expected} and {gradients.Of(parameter)[i]}");
            }
        }
    }

    [Fact]
    public void A_trained_decoder_written_as_a_file_runs_as_it_was_trained()
    {
        using var folder = new TemporaryFolder();
        var (decoder, _) = Models(RecallTask.DefaultShape with { KeyValueHeads = 2 });
        decoder.Write(folder["model.gguf"], "test", RecallTask.AddVocabulary);
        using var file = GgufFile.Open(folder["model.gguf"]);
        using var weights = new TransformerWeights(file.Path, TransformerShape.From(file), file.Tensors, 1);
        using var transformer = new Transformer(weights, new TransformerOptions { Threads = 1 });
        using var cache = new KeyValueCache(weights.Shape, 64, CachePrecision.F32);
        int[] tokens = [1, .. Enumerable.Range(3, 30)];
        transformer.Run(cache, tokens, tokens.Length);
        var tape = new Tape();
        var expected = decoder.Run(tape, decoder.Embed(tape, tokens));
        for (var row = 0; row < tokens.Length; row++)
        {
            for (var i = 0; i < RecallTask.VocabularySize; i++)
            {
                Assert.Equal(expected.Row(row)[i], transformer.Logits(row)[i], 2e-3);
            }
        }

        Assert.All(TrainedDecoder.From(file).Parameters.All.Zip(decoder.Parameters.All), pair => Assert.Equal(pair.Second.Value, pair.First.Value));
    }

    [Fact]
    public void A_batch_is_learned_by_heart_and_workers_change_nothing()
    {
        var (one, two) = (Learn(1), Learn(2));
        Assert.True(one[^1] < 0.05, $"{one[0]} to {one[^1]}");
        Assert.All(one.Zip(two), pair => Assert.Equal(pair.First, pair.Second, 0.02));

        static List<double> Learn(int workers)
        {
            var (decoder, adapter) = Models();
            var trainer = new RefragTrainer(decoder, adapter, workers);
            var batch = Enumerable.Range(0, 4).Select(seed => Text(3, seed).Example(note => note % 2 == 0)).ToList();
            var optimizer = new AdamW(0.01, 120);
            return [.. Enumerable.Range(0, 120).Select(_ => trainer.Step(optimizer, batch, parameter => !RefragAdapter.IsPolicy(parameter)))];
        }
    }

    [Fact]
    public void Frozen_parameters_stay()
    {
        var (decoder, adapter) = Models();
        var before = decoder.Parameters.All.Select(parameter => (float[])parameter.Value.Clone()).ToList();
        var encoder = (float[])adapter.Parameters["encoder.tokens"].Value.Clone();
        new RefragTrainer(decoder, adapter, 1).Step(new AdamW(0.01, 10), [Text(2).Reconstruction()], parameter => parameter.Name.StartsWith("encoder", StringComparison.Ordinal));
        Assert.All(decoder.Parameters.All.Zip(before), pair => Assert.Equal(pair.Second, pair.First.Value));
        Assert.NotEqual(encoder, adapter.Parameters["encoder.tokens"].Value);
    }

    [Fact]
    public void Rates_warm_up_for_4_percent_and_fall_to_a_tenth()
    {
        var optimizer = new AdamW(1, 100);
        Assert.Equal([0.25, 0.5, 0.75, 1], Enumerable.Range(0, 4).Select(optimizer.Rate));
        Assert.Equal(0.55, optimizer.Rate(52), 1e-9); // half way: (1 + 0.1) / 2
        Assert.Equal(0.1, optimizer.Rate(100), 1e-9);
    }

    internal static (TrainedDecoder Decoder, RefragAdapter Adapter) Models(TransformerShape? shape = null)
    {
        shape ??= Small;
        return (new TrainedDecoder(shape, 1), new RefragAdapter(
            new RefragShape { Rate = RecallTask.NoteTokens, Width = shape.Width, VocabularySize = shape.VocabularySize, EncoderWidth = 16 }, new string('0', 64), 2));
    }

    internal static RecallText Text(int notes, int seed = 0) => RecallTask.Make(new SeededNumbers(seed), notes, 1);

    internal static double Difference(Parameter parameter, int i, Func<double> loss)
    {
        const float Step = 4e-3f;
        var value = parameter.Value[i];
        parameter.Value[i] = value + Step;
        var up = loss();
        parameter.Value[i] = value - Step;
        var down = loss();
        parameter.Value[i] = value;
        return (up - down) / (2 * Step);
    }
}
