using AgentRag.Decoding.Tests.Weights;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Tests.Transformers;

/// <summary>A decoder written straight from the papers, in double precision, all tokens at once and no cache: what the fast one is compared with.</summary>
/// <remarks>Shares nothing with the library but the file's tensors, whose blocks it reads by <see cref="BlockOracle"/>.</remarks>
internal sealed class NaiveTransformer(IReadOnlyDictionary<string, Tensor> tensors, TransformerShape shape, bool roundsActivations)
{
    private readonly Dictionary<string, double[][]> _read = [];

    /// <summary>Logits of every position.</summary>
    public double[][] Run(IReadOnlyList<double[]> embeddings)
    {
        var (heads, shared, width) = (shape.Heads, shape.Heads / shape.KeyValueHeads, shape.HeadWidth);
        var x = embeddings.Select(row => (double[])row.Clone()).ToArray();
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            string Name(string part) => $"blk.{layer}.{part}";
            var normed = x.Select(row => Norm(row, Name("attn_norm.weight"))).ToArray();
            var q = normed.Select((row, t) => Turned(Product(row, Name("attn_q")), heads, t)).ToArray();
            var k = normed.Select((row, t) => Turned(Product(row, Name("attn_k")), shape.KeyValueHeads, t)).ToArray();
            var v = normed.Select(row => Product(row, Name("attn_v"))).ToArray();
            for (var t = 0; t < x.Length; t++)
            {
                var attended = new double[heads * width];
                for (var head = 0; head < heads; head++)
                {
                    var from = head / shared * width;
                    var scores = Enumerable.Range(0, t + 1)
                        .Select(s => Enumerable.Range(0, width).Sum(d => q[t][(head * width) + d] * k[s][from + d]) / Math.Sqrt(width)).ToArray();
                    var weights = scores.Select(score => Math.Exp(score - scores.Max())).ToArray();
                    for (var d = 0; d < width; d++)
                    {
                        attended[(head * width) + d] = Enumerable.Range(0, t + 1).Sum(s => weights[s] * v[s][from + d]) / weights.Sum();
                    }
                }

                x[t] = Sum(x[t], Product(attended, Name("attn_output")));
            }

            for (var t = 0; t < x.Length; t++)
            {
                var row = Norm(x[t], Name("ffn_norm.weight"));
                var (gate, up) = (Product(row, Name("ffn_gate")), Product(row, Name("ffn_up")));
                x[t] = Sum(x[t], Product([.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)], Name("ffn_down")));
            }
        }

        return [.. x.Select(row => Product(Norm(row, "output_norm.weight"), tensors.ContainsKey("output.weight") ? "output" : "token_embd"))];
    }

    public double[][] Run(IEnumerable<int> tokens) => Run([.. tokens.Select(token => Rows("token_embd.weight")[token])]);

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private double[] Norm(double[] row, string weights)
    {
        var scale = 1 / Math.Sqrt((row.Sum(value => value * value) / row.Length) + shape.NormEpsilon);
        return [.. row.Zip(Rows(weights)[0], (value, weight) => value * scale * weight)];
    }

    private double[] Product(double[] row, string name)
    {
        var input = roundsActivations && tensors[$"{name}.weight"].Type.BlockValues() > 1 ? Rounded(row) : row;
        var bias = tensors.ContainsKey($"{name}.bias") ? Rows($"{name}.bias")[0] : null;
        return [.. Rows($"{name}.weight").Select((weights, i) => weights.Zip(input, (w, value) => w * value).Sum() + (bias?[i] ?? 0))];
    }

    // Integer matrices are multiplied with activations of 8 bits, 32 values to a scale.
    private static double[] Rounded(double[] row) => [.. row.Chunk(32).SelectMany(block =>
    {
        var scale = block.Max(Math.Abs) / 127;
        return block.Select(value => scale > 0 ? Math.Round(value / scale) * scale : 0);
    })];

    private double[] Turned(double[] row, int heads, int position)
    {
        var (result, half) = ((double[])row.Clone(), shape.RotaryWidth / 2);
        var factors = tensors.ContainsKey("rope_freqs.weight") ? Rows("rope_freqs.weight")[0] : null;
        for (var head = 0; head < heads; head++)
        {
            for (var i = 0; i < half; i++)
            {
                var angle = position * Math.Pow(shape.RotaryBase, -2.0 * i / shape.RotaryWidth) / (factors?[i] ?? 1);
                var (a, b) = shape.Architecture == "llama"
                    ? ((head * shape.HeadWidth) + (2 * i), (head * shape.HeadWidth) + (2 * i) + 1)
                    : ((head * shape.HeadWidth) + i, (head * shape.HeadWidth) + i + half);
                result[a] = (row[a] * Math.Cos(angle)) - (row[b] * Math.Sin(angle));
                result[b] = (row[a] * Math.Sin(angle)) + (row[b] * Math.Cos(angle));
            }
        }

        return result;
    }

    private double[][] Rows(string name)
    {
        if (!_read.TryGetValue(name, out var rows))
        {
            var tensor = tensors[name];
            _read[name] = rows = [.. Enumerable.Range(0, (int)tensor.Rows).Select(row => BlockOracle.Row(tensor.Type, tensor.RowBytes(row), tensor.Columns))];
        }

        return rows;
    }
}
