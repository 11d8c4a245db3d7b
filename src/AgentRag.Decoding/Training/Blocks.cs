using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Training;

/// <summary>Measures of one transformer block.</summary>
/// <param name="Width">Numbers of a row.</param>
/// <param name="QueryWidth">Numbers of all queries.</param>
/// <param name="KeyWidth">Numbers of all keys; divides the queries'.</param>
/// <param name="HeadWidth">Numbers of a head.</param>
/// <param name="Inner">Numbers of the feed-forward network's inner layer.</param>
internal sealed record BlockShape(int Width, int QueryWidth, int KeyWidth, int HeadWidth, int Inner)
{
    public float Epsilon { get; init; } = 1e-5f;
}

/// <summary>The transformer block that decoder, encoder and policy are made of: norm, attention, norm, gated feed-forward.</summary>
internal static class Blocks
{
    /// <summary>Adds a block's parameters under the names that GGUF files use.</summary>
    public static void Add(ParameterSet parameters, string prefix, BlockShape shape, SeededNumbers random)
    {
        parameters.AddOnes(prefix + "attn_norm.weight", shape.Width);
        parameters.AddMatrix(prefix + "attn_q.weight", shape.Width, shape.QueryWidth, random);
        parameters.AddMatrix(prefix + "attn_k.weight", shape.Width, shape.KeyWidth, random);
        parameters.AddMatrix(prefix + "attn_v.weight", shape.Width, shape.KeyWidth, random);
        parameters.AddMatrix(prefix + "attn_output.weight", shape.QueryWidth, shape.Width, random);
        parameters.AddOnes(prefix + "ffn_norm.weight", shape.Width);
        parameters.AddMatrix(prefix + "ffn_gate.weight", shape.Width, shape.Inner, random);
        parameters.AddMatrix(prefix + "ffn_up.weight", shape.Width, shape.Inner, random);
        parameters.AddMatrix(prefix + "ffn_down.weight", shape.Inner, shape.Width, random);
    }

    /// <summary>Runs a block.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="parameters">Holds the block's parameters.</param>
    /// <param name="prefix">Of their names.</param>
    /// <param name="shape">The measures.</param>
    /// <param name="x">Rows.</param>
    /// <param name="rotaryBase">Rows see only those before them, and positions turn them; null for rows that all see each other without positions.</param>
    public static Node Run(Tape tape, ParameterSet parameters, string prefix, BlockShape shape, Node x, double? rotaryBase)
    {
        var normed = tape.RmsNorm(x, parameters[prefix + "attn_norm.weight"], shape.Epsilon);
        var (q, k) = (tape.Multiply(normed, parameters[prefix + "attn_q.weight"]), tape.Multiply(normed, parameters[prefix + "attn_k.weight"]));
        if (rotaryBase is { } turns)
        {
            (q, k) = (tape.Rotate(q, shape.HeadWidth, turns), tape.Rotate(k, shape.HeadWidth, turns));
        }

        var attended = tape.Attend(q, k, tape.Multiply(normed, parameters[prefix + "attn_v.weight"]), shape.HeadWidth, rotaryBase is not null);
        x = tape.Add(x, tape.Multiply(attended, parameters[prefix + "attn_output.weight"]));
        normed = tape.RmsNorm(x, parameters[prefix + "ffn_norm.weight"], shape.Epsilon);
        var inner = tape.SwiGlu(tape.Multiply(normed, parameters[prefix + "ffn_gate.weight"]), tape.Multiply(normed, parameters[prefix + "ffn_up.weight"]));
        return tape.Add(x, tape.Multiply(inner, parameters[prefix + "ffn_down.weight"]));
    }
}
