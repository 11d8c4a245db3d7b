using AgentRag.Decoding.Tests.Weights;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Tests.Encoders;

/// <summary>An encoder written straight from its papers, in double precision, one number after the other: what the fast one is compared with.</summary>
/// <remarks>Shares nothing with the library but the file's bytes.</remarks>
internal sealed class NaiveEncoder(IReadOnlyDictionary<string, Tensor> tensors, EncoderFiles files)
{
    private readonly Dictionary<string, double[][]> _read = [];

    /// <summary>The last layer's rows.</summary>
    public double[][] Run(IReadOnlyList<int> tokens)
    {
        var width = files.Width / files.Heads;
        var first = files.Architecture == "roberta" ? 2 : 0;
        var x = tokens.Select((token, t) => Norm(
            [.. Enumerable.Range(0, files.Width).Select(i => Rows("embeddings.word_embeddings.weight")[token][i] + Rows("embeddings.position_embeddings.weight")[first + t][i] + Rows("embeddings.token_type_embeddings.weight")[0][i])],
            "embeddings.LayerNorm")).ToArray();
        for (var layer = 0; layer < files.Layers; layer++)
        {
            var at = $"encoder.layer.{layer}.";
            var (q, k, v) = (All("attention.self.query"), All("attention.self.key"), All("attention.self.value"));
            var attended = x.Select(_ => new double[files.Width]).ToArray();
            for (var head = 0; head < files.Heads; head++)
            {
                for (var t = 0; t < x.Length; t++)
                {
                    var scores = k.Select(key => Enumerable.Range(head * width, width).Sum(i => q[t][i] * key[i]) / Math.Sqrt(width)).ToArray();
                    var weights = scores.Select(score => Math.Exp(score - scores.Max())).ToArray();
                    for (var i = head * width; i < (head + 1) * width; i++)
                    {
                        attended[t][i] = weights.Select((weight, s) => weight * v[s][i]).Sum() / weights.Sum();
                    }
                }
            }

            x = [.. x.Select((row, t) => Norm(Sum(row, Product(attended[t], at + "attention.output.dense")), at + "attention.output.LayerNorm"))];
            x = [.. x.Select(row => Norm(Sum(row, Product([.. Product(row, at + "intermediate.dense").Select(Activate)], at + "output.dense")), at + "output.LayerNorm"))];

            double[][] All(string name) => [.. x.Select(row => Product(row, at + name))];
        }

        return x;
    }

    /// <summary>The error function by Simpson's rule.</summary>
    public static double Erf(double z)
    {
        const int Steps = 4_000;
        var (h, sum) = (z / Steps, 0.0);
        for (var i = 0; i <= Steps; i++)
        {
            sum += Math.Exp(-(i * h) * (i * h)) * (i == 0 || i == Steps ? 1 : i % 2 == 1 ? 4 : 2);
        }

        return 2 / Math.Sqrt(Math.PI) * sum * h / 3;
    }

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private double Activate(double x) => files.Activation switch
    {
        "relu" => Math.Max(0, x),
        "gelu_new" => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        _ => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
    };

    private double[] Norm(double[] row, string name)
    {
        var mean = row.Average();
        var scale = 1 / Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + 1e-5);
        var (weights, bias) = files.HasGammas ? (Rows($"{name}.gamma")[0], Rows($"{name}.beta")[0]) : (Rows($"{name}.weight")[0], Rows($"{name}.bias")[0]);
        return [.. row.Select((value, i) => ((value - mean) * scale * weights[i]) + bias[i])];
    }

    private double[] Product(double[] row, string name) =>
        [.. Rows($"{name}.weight").Select((weights, i) => weights.Zip(row, (w, value) => w * value).Sum() + Rows($"{name}.bias")[0][i])];

    private double[][] Rows(string name)
    {
        if (!_read.TryGetValue(name, out var rows))
        {
            var tensor = tensors[files.Prefix + name];
            _read[name] = rows = [.. Enumerable.Range(0, (int)tensor.Rows).Select(row => BlockOracle.Row(tensor.Type, tensor.RowBytes(row), tensor.Columns))];
        }

        return rows;
    }
}
