namespace AgentRag.Decoding.Training;

/// <summary>A matrix on the way through a network, and what the loss changes with it.</summary>
internal sealed class Node(int rows, int columns)
{
    private float[]? _gradient;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    /// <summary>Row after row.</summary>
    public float[] Value { get; init; } = new float[rows * columns];

    public float[] Gradient => _gradient ??= new float[Value.Length];

    public Span<float> Row(int row) => Value.AsSpan(row * Columns, Columns);

    public Span<float> GradientRow(int row) => Gradient.AsSpan(row * Columns, Columns);

    public MatrixView View => MatrixView.Of(Value, Rows, Columns);

    public MatrixView GradientView => MatrixView.Of(Gradient, Rows, Columns);
}

/// <summary>Computes a network forwards and, where it records, remembers how to go backwards (reverse-mode differentiation).</summary>
/// <remarks>One tape per example. Not for concurrent use. Parameters that are not trained get no gradient, which saves their part of the work.</remarks>
internal sealed class Tape
{
    private readonly List<Action> _backward = [];
    private readonly Gradients? _gradients;
    private readonly Func<Parameter, bool> _isTrained;

    /// <param name="gradients">Takes gradients; null to compute forwards alone.</param>
    /// <param name="isTrained">Which parameters are trained; null for all.</param>
    public Tape(Gradients? gradients = null, Func<Parameter, bool>? isTrained = null) => (_gradients, _isTrained) = (gradients, isTrained ?? (_ => true));

    /// <summary>Rows of a table.</summary>
    public Node Lookup(Parameter table, IReadOnlyList<int> rows)
    {
        var result = new Node(rows.Count, table.Columns);
        for (var r = 0; r < rows.Count; r++)
        {
            table.Value.AsSpan(rows[r] * table.Columns, table.Columns).CopyTo(result.Row(r));
        }

        if (Takes(table, out var gradient))
        {
            Record(() =>
            {
                for (var r = 0; r < rows.Count; r++)
                {
                    VectorLoops.AddScaled(result.GradientRow(r), 1, gradient.AsSpan(rows[r] * table.Columns, table.Columns));
                }
            });
        }

        return result;
    }

    /// <summary>x times a matrix.</summary>
    public Node Multiply(Node x, Parameter weights)
    {
        Require(x.Columns == weights.Rows, weights.Name);
        var result = new Node(x.Rows, weights.Columns);
        result.View.AddProduct(x.View, MatrixView.Of(weights.Value, weights.Rows, weights.Columns));
        if (_gradients is not null)
        {
            var takes = Takes(weights, out var gradient);
            Record(() =>
            {
                x.GradientView.AddProduct(result.GradientView, MatrixView.Of(weights.Value, weights.Rows, weights.Columns).Transposed);
                if (takes)
                {
                    MatrixView.Of(gradient, weights.Rows, weights.Columns).AddProduct(x.View.Transposed, result.GradientView);
                }
            });
        }

        return result;
    }

    public Node Add(Node a, Node b)
    {
        Require(a.Rows == b.Rows && a.Columns == b.Columns, "sum");
        var result = new Node(a.Rows, a.Columns);
        a.Value.CopyTo(result.Value, 0);
        VectorLoops.AddScaled(b.Value, 1, result.Value);
        Record(() =>
        {
            VectorLoops.AddScaled(result.Gradient, 1, a.Gradient);
            VectorLoops.AddScaled(result.Gradient, 1, b.Gradient);
        });
        return result;
    }

    /// <summary>Adds a row to every row.</summary>
    public Node AddRow(Node x, Parameter row)
    {
        Require(x.Columns == row.Value.Length, row.Name);
        var result = new Node(x.Rows, x.Columns);
        for (var r = 0; r < x.Rows; r++)
        {
            x.Row(r).CopyTo(result.Row(r));
            VectorLoops.AddScaled(row.Value, 1, result.Row(r));
        }

        var takes = Takes(row, out var gradient);
        Record(() =>
        {
            VectorLoops.AddScaled(result.Gradient, 1, x.Gradient);
            for (var r = 0; takes && r < x.Rows; r++)
            {
                VectorLoops.AddScaled(result.GradientRow(r), 1, gradient);
            }
        });
        return result;
    }

    /// <summary>Rows divided by their root mean square, times weights.</summary>
    public Node RmsNorm(Node x, Parameter weights, float epsilon)
    {
        var result = new Node(x.Rows, x.Columns);
        var scales = new float[x.Rows];
        for (var r = 0; r < x.Rows; r++)
        {
            var row = x.Row(r);
            scales[r] = (float)(1 / Math.Sqrt((VectorLoops.Dot(row, row) / x.Columns) + epsilon));
            var target = result.Row(r);
            for (var i = 0; i < row.Length; i++)
            {
                target[i] = row[i] * scales[r] * weights.Value[i];
            }
        }

        var takes = Takes(weights, out var gradient);
        Record(() =>
        {
            for (var r = 0; r < x.Rows; r++)
            {
                var row = x.Row(r);
                var rowGradient = x.GradientRow(r);
                var outGradient = result.GradientRow(r);
                var s = scales[r];
                var inner = 0f;
                for (var i = 0; i < row.Length; i++)
                {
                    inner += outGradient[i] * weights.Value[i] * row[i];
                    if (takes)
                    {
                        gradient[i] += outGradient[i] * row[i] * s;
                    }
                }

                var share = inner * s * s * s / row.Length;
                for (var i = 0; i < row.Length; i++)
                {
                    rowGradient[i] += (outGradient[i] * weights.Value[i] * s) - (row[i] * share);
                }
            }
        });
        return result;
    }

    /// <summary>Turns halves of heads against each other by the row's position, as <c>qwen2</c> does.</summary>
    public Node Rotate(Node x, int headWidth, double rotaryBase)
    {
        var (half, result) = (headWidth / 2, new Node(x.Rows, x.Columns));
        double[] frequencies = [.. Enumerable.Range(0, half).Select(i => Math.Pow(rotaryBase, -2.0 * i / headWidth))];
        Turn(x.Value, result.Value, 1, add: false);
        Record(() => Turn(result.Gradient, x.Gradient, -1, add: true));
        return result;

        void Turn(float[] source, float[] target, int direction, bool add)
        {
            for (var r = 0; r < x.Rows; r++)
            {
                for (var i = 0; i < half; i++)
                {
                    var (sine, cosine) = Math.SinCos(direction * r * frequencies[i]);
                    for (var at = (r * x.Columns) + i; at < (r + 1) * x.Columns; at += headWidth)
                    {
                        var (a, b) = (source[at], source[at + half]);
                        target[at] = (add ? target[at] : 0) + (float)((a * cosine) - (b * sine));
                        target[at + half] = (add ? target[at + half] : 0) + (float)((a * sine) + (b * cosine));
                    }
                }
            }
        }
    }

    /// <summary>Attention: heads of queries share heads of keys and values in equal groups.</summary>
    public Node Attend(Node q, Node k, Node v, int headWidth, bool isCausal)
    {
        var (heads, shared, scale) = (q.Columns / headWidth, q.Columns / k.Columns, (float)(1 / Math.Sqrt(headWidth)));
        var result = new Node(q.Rows, q.Columns);
        var weights = new Node[heads];
        for (var head = 0; head < heads; head++)
        {
            var from = head / shared * headWidth;
            var w = weights[head] = new Node(q.Rows, k.Rows);
            w.View.AddProduct(q.View.ColumnsFrom(head * headWidth, headWidth), k.View.ColumnsFrom(from, headWidth).Transposed);
            for (var r = 0; r < q.Rows; r++)
            {
                Softmax(w.Row(r), isCausal ? r + 1 : k.Rows, scale);
            }

            result.View.ColumnsFrom(head * headWidth, headWidth).AddProduct(w.View, v.View.ColumnsFrom(from, headWidth));
        }

        Record(() =>
        {
            for (var head = 0; head < heads; head++)
            {
                var (from, w) = (head / shared * headWidth, weights[head]);
                var outGradient = result.GradientView.ColumnsFrom(head * headWidth, headWidth);
                v.GradientView.ColumnsFrom(from, headWidth).AddProduct(w.View.Transposed, outGradient);
                w.GradientView.AddProduct(outGradient, v.View.ColumnsFrom(from, headWidth).Transposed);
                for (var r = 0; r < q.Rows; r++)
                {
                    // From the slopes of the weights to those of the products; a weight of 0, as of what is not seen, has none.
                    var row = w.Row(r);
                    var slopes = w.GradientRow(r);
                    var mean = VectorLoops.Dot(row, slopes);
                    for (var s = 0; s < row.Length; s++)
                    {
                        slopes[s] = row[s] * (slopes[s] - mean) * scale;
                    }
                }

                q.GradientView.ColumnsFrom(head * headWidth, headWidth).AddProduct(w.GradientView, k.View.ColumnsFrom(from, headWidth));
                k.GradientView.ColumnsFrom(from, headWidth).AddProduct(w.GradientView.Transposed, q.View.ColumnsFrom(head * headWidth, headWidth));
            }
        });
        return result;
    }

    /// <summary>gate · sigmoid(gate) · up.</summary>
    public Node SwiGlu(Node gate, Node up)
    {
        var result = new Node(gate.Rows, gate.Columns);
        for (var i = 0; i < result.Value.Length; i++)
        {
            result.Value[i] = gate.Value[i] / (1 + MathF.Exp(-gate.Value[i])) * up.Value[i];
        }

        Record(() =>
        {
            for (var i = 0; i < result.Value.Length; i++)
            {
                var (g, sigmoid, slope) = (gate.Value[i], 1 / (1 + MathF.Exp(-gate.Value[i])), result.Gradient[i]);
                up.Gradient[i] += slope * g * sigmoid;
                gate.Gradient[i] += slope * up.Value[i] * sigmoid * (1 + (g * (1 - sigmoid)));
            }
        });
        return result;
    }

    /// <summary>x · sigmoid(x).</summary>
    public Node Silu(Node x)
    {
        var ones = new Node(x.Rows, x.Columns);
        Array.Fill(ones.Value, 1);
        return SwiGlu(x, ones);
    }

    /// <summary>The same numbers in rows of another length.</summary>
    public Node Reshape(Node x, int rows, int columns)
    {
        Require(rows * columns == x.Value.Length, "reshape");
        var result = new Node(rows, columns) { Value = x.Value };
        Record(() => VectorLoops.AddScaled(result.Gradient, 1, x.Gradient));
        return result;
    }

    /// <summary>Rows of several matrices, one below the other.</summary>
    public Node Stack(IReadOnlyList<(Node Source, int Row)> rows)
    {
        var result = new Node(rows.Count, rows[0].Source.Columns);
        for (var r = 0; r < rows.Count; r++)
        {
            rows[r].Source.Row(rows[r].Row).CopyTo(result.Row(r));
        }

        Record(() =>
        {
            for (var r = 0; r < rows.Count; r++)
            {
                VectorLoops.AddScaled(result.GradientRow(r), 1, rows[r].Source.GradientRow(rows[r].Row));
            }
        });
        return result;
    }

    /// <summary>Mean of −ln softmax(logits)[target] over the rows that have a target, and the beginning of the way back.</summary>
    /// <param name="logits">One row per position.</param>
    /// <param name="targets">One per row; −1 for none.</param>
    /// <param name="share">What the gradient is multiplied by: 1 / examples of a batch.</param>
    public double CrossEntropy(Node logits, IReadOnlyList<int> targets, double share = 1)
    {
        var (count, loss) = (targets.Count(target => target >= 0), 0.0);
        for (var r = 0; r < logits.Rows; r++)
        {
            if (targets[r] < 0)
            {
                continue;
            }

            var row = logits.Row(r);
            var largest = float.NegativeInfinity;
            var sum = 0.0;
            foreach (var logit in row)
            {
                largest = Math.Max(largest, logit);
            }

            foreach (var logit in row)
            {
                sum += Math.Exp(logit - largest);
            }

            loss += (largest + Math.Log(sum) - row[targets[r]]) / count;
            if (_gradients is not null)
            {
                var gradient = logits.GradientRow(r);
                for (var i = 0; i < row.Length; i++)
                {
                    gradient[i] += (float)(((Math.Exp(row[i] - largest) / sum) - (i == targets[r] ? 1 : 0)) * share / count);
                }
            }
        }

        return loss;
    }

    /// <summary>Goes back from where gradients were put in.</summary>
    public void Backward()
    {
        for (var i = _backward.Count - 1; i >= 0; i--)
        {
            _backward[i]();
        }

        _backward.Clear();
    }

    // Of the first numbers, each times a scale; the others become 0.
    private static void Softmax(Span<float> row, int seen, float scale)
    {
        var (largest, sum) = (float.NegativeInfinity, 0f);
        foreach (var product in row[..seen])
        {
            largest = Math.Max(largest, product * scale);
        }

        for (var s = 0; s < seen; s++)
        {
            row[s] = MathF.Exp((row[s] * scale) - largest);
            sum += row[s];
        }

        for (var s = 0; s < seen; s++)
        {
            row[s] /= sum;
        }

        row[seen..].Clear();
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"The matrices do not fit: {what}.", nameof(what));
        }
    }

    private bool Takes(Parameter parameter, out float[] gradient)
    {
        var takes = _gradients is not null && _isTrained(parameter);
        gradient = takes ? _gradients!.Of(parameter) : [];
        return takes;
    }

    private void Record(Action backward)
    {
        if (_gradients is not null)
        {
            _backward.Add(backward);
        }
    }
}
