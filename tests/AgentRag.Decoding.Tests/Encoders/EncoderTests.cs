using AgentRag.Decoding.Encoders;
using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Weights;
using Xunit;

namespace AgentRag.Decoding.Tests.Encoders;

public sealed class EncoderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bert", TensorType.F32, "gelu", "", false, 1), InlineData("bert", TensorType.F16, "gelu_new", "bert.", false, 2), InlineData("bert", TensorType.BF16, "relu", "bert.", true, 3)]
    [InlineData("roberta", TensorType.F32, "gelu", "roberta.", false, 4), InlineData("roberta", TensorType.F16, "gelu", "", false, 5)]
    public void Every_row_is_that_of_the_formulas_in_double_precision(string architecture, TensorType type, string activation, string prefix, bool hasGammas, int seed)
    {
        var files = new EncoderFiles { Architecture = architecture, Type = type, Activation = activation, Prefix = prefix, HasGammas = hasGammas, Seed = seed };
        using var weights = Open(files);
        using var encoder = new Encoder(weights);
        using var file = SafetensorsFile.Open(_folder["m/model.safetensors"]);
        var naive = new NaiveEncoder(file.Tensors, files);
        var random = new Random(seed);
        foreach (var length in (int[])[1, 2, 5, 16, 31, 33, 70, 3])
        {
            int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(files.VocabularySize))];
            encoder.Run(tokens);
            var expected = naive.Run(tokens);
            for (var t = 0; t < length; t++)
            {
                var row = encoder.Row(t);
                for (var i = 0; i < row.Length; i++)
                {
                    Assert.Equal(expected[t][i], row[i], 2e-5 * Math.Max(1, Math.Abs(expected[t][i])));
                }
            }
        }
    }

    [Fact]
    public void Every_token_sees_every_other_and_its_place()
    {
        using var weights = Open(new EncoderFiles());
        using var encoder = new Encoder(weights);
        encoder.Run([5, 6, 7]);
        var first = encoder.Row(0).ToArray();
        encoder.Run([5, 6, 8]);
        Assert.NotEqual(first, encoder.Row(0).ToArray());
        encoder.Run([5, 7, 6]);
        Assert.NotEqual(first, encoder.Row(0).ToArray());
    }

    [Fact]
    public void Instructions_and_what_was_encoded_before_change_no_bit()
    {
        using var weights = Open(new EncoderFiles { Width = 128, FeedForwardWidth = 160, Positions = 200 });
        int[] tokens = [.. Enumerable.Range(0, 67).Select(i => i * 7 % 30)];
        float[]? expected = null;
        foreach (var set in InstructionSets.Supported)
        {
            using var encoder = new Encoder(weights, set);
            encoder.Run([.. Enumerable.Range(0, 150).Select(i => i % 30)]);
            encoder.Run(tokens);
            float[] all = [.. Enumerable.Range(0, tokens.Length).SelectMany(t => encoder.Row(t).ToArray())];
            expected ??= all;
            Assert.Equal(expected, all);
        }
    }

    [Fact]
    public void Tokens_beyond_vocabulary_or_length_are_the_callers_bug()
    {
        using var weights = Open(new EncoderFiles());
        using var encoder = new Encoder(weights);
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Run([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Run(new int[81]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Run([30]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Run([-1]));
    }

    private EncoderWeights Open(EncoderFiles files)
    {
        var folder = EncoderFolder.Open(files.Write(_folder["m"]));
        return new EncoderWeights(SafetensorsFile.Open(folder.WeightsPath), folder.Shape);
    }
}
