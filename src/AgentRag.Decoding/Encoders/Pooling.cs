namespace AgentRag.Decoding.Encoders;

/// <summary>How one vector is made of a text's rows.</summary>
public enum PoolingMode
{
    /// <summary>The mean of all tokens, special ones included.</summary>
    Mean,

    /// <summary>The first token, <c>[CLS]</c> or <c>&lt;s&gt;</c>.</summary>
    Cls,

    /// <summary>The largest number of each dimension.</summary>
    Max,

    /// <summary>The sum of all tokens by the square root of their number.</summary>
    MeanSqrtLength,
}

/// <summary>Makes one vector of rows.</summary>
internal static class Pooling
{
    /// <summary>Pools the rows of an encoder's last run.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="tokens">Tokens of the run, ≥ 1.</param>
    /// <param name="mode">How.</param>
    /// <param name="normalizes">Whether the vector gets the length 1.</param>
    /// <param name="vector">Takes the vector, of the encoder's width.</param>
    public static void Pool(Encoder encoder, int tokens, PoolingMode mode, bool normalizes, Span<float> vector)
    {
        var sums = new double[vector.Length];
        encoder.Row(0).CopyTo(vector);
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] = vector[i];
        }

        for (var t = 1; mode != PoolingMode.Cls && t < tokens; t++)
        {
            var row = encoder.Row(t);
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] = mode == PoolingMode.Max ? Math.Max(sums[i], row[i]) : sums[i] + row[i];
            }
        }

        var divisor = mode switch
        {
            PoolingMode.Mean => tokens,
            PoolingMode.MeanSqrtLength => Math.Sqrt(tokens),
            _ => 1,
        };
        var length = normalizes ? Math.Sqrt(sums.Sum(value => value * value)) / divisor : 1;
        for (var i = 0; i < sums.Length; i++)
        {
            // Of no length there is no direction; what is no number stays none.
            vector[i] = (float)(length == 0 ? 0 : sums[i] / divisor / length);
        }
    }
}
